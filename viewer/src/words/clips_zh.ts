/** Chinese for what of a volume is rendered. See zh.ts. */

export const zh = {
  title: "裁剪与透视",
  box: "裁剪框",
  handles: "显示手柄",
  all: "全部显示",
  face: (side: string): string => `裁剪框${side}面`,
  away: (mm: number): string => `切去 ${mm} mm`,
  depth: "切入深度",
  again: "再加切面",
  projection: "投影方式",
  parallel: "平行",
  rays_are_parallel: "投影的光线总是平行。",
  angle: "视角",
};
