/** Chinese for the page about the own password, which few people open. See zh.ts. */

export const zh = {
  must_change: "首次登录必须设置新密码。",
  old_password: "当前密码",
  new_password: "新密码",
  repeat_password: "再次输入新密码",
  rule_length: "至少 8 个字符",
  rule_classes: "小写字母、大写字母、数字、符号中至少三类",
  rule_login: "不包含账号名",
  rule_repeat: "两次输入一致",
};
