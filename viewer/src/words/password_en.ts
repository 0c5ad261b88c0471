/** English for the page about the own password. */

import type { PasswordWords } from "./password";

export const en: PasswordWords = {
  must_change: "The first sign-in must set a new password.",
  old_password: "Current password",
  new_password: "New password",
  repeat_password: "New password again",
  rule_length: "At least 8 characters",
  rule_classes: "Three of: small letters, capitals, digits, signs",
  rule_login: "Does not contain the login",
  rule_repeat: "Both are the same",
};
