/** The sentences of notes in Chinese; they come with the first note that is shown. */

export const zh = {
  tilted: (degrees: string): string =>
    `扫描机架倾斜 ${degrees}°。各层按实际位置显示，重组平面与患者坐标轴对齐，测量不受影响。`,
  uneven: (least: string, most: string): string =>
    `层间距不均匀，${least} 至 ${most} mm。各层按实际位置显示，层间按实际距离插值。`,
  missing_slices: (n: number, where: string): string =>
    `序列缺少 ${n} 层：${where}。缺失处不显示也不插值，请勿据此判断该处解剖。`,
  hole: (n: number, from: string, to: string): string => `${from} 与 ${to} mm 之间缺 ${n} 层`,
  phase_order: "图像头未说明各相位的区别，此处仅按图像顺序区分。请核对各相位内的图像是否一致。",
  order: "图像头未说明各图像的先后顺序，当前排列不一定正确。",
  colours: "此图像中部分像素值代表伪彩颜色，现以灰度显示，请勿当作测量值判读。",
  more_frames: "存储的帧数多于图像头所述，仅显示图像头说明的帧。",
  no_rescale: "图像头缺少可读的重定标斜率和截距，此处显示存储的原始值，不是 HU 等测量值，请勿据此判读。",
  unknown: "此序列与常规不同，请谨慎测量。",
};
