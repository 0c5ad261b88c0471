/** Chinese for the player of a cine. See zh.ts. */

export const zh = {
  title: "电影播放",
  play_or_stop: "播放 / 停止",
  speed: "每秒帧数",
  own_speed: "原始速度",
  loop: "循环",
  sweep: "往返",
  once: "一次",
  images: "逐幅",
  phases: "逐相位",
  skipped: (n: number): string => `跳过 ${n}`,
  fps: (shown: string): string => `${shown} 帧/秒`,
  previous_phase: "上一相位",
  next_phase: "下一相位",
};
