/** Chinese for the menu of a picture. See zh.ts. */

export const zh = {
  actions: "操作",
  mpr_here: "在此处做 MPR",
  cross_here: "十字线移到此处",
  turn_here: "以此处为旋转中心",
  slab_mip: "层块 MIP 20 mm",
  corner_texts: "角落文字",
  maximise_this: "放大此视口",
};
