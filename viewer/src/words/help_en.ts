/** English for the help and for the settings of the keys. */

import type { HelpWords } from "./help";

export const en: HelpWords = {
  keys: {
    title: "Keys",
    groups: { tools: "Tools", images: "Images", views: "View", layouts: "Layout", windows: "Window", page: "Page" },
    zoom_in: "Zoom in",
    zoom_out: "Zoom out",
    previous_image: "Previous image",
    next_image: "Next image",
    first_image: "First image",
    last_image: "Last image",
    previous_series: "Previous series",
    next_series: "Next series",
    previous_viewport: "Previous viewport",
    next_viewport: "Next viewport",
    cancel: "Cancel / close",
    add: (action) => `Add a key for “${action}”`,
    remove: (key, action) => `Take the key ${key} from “${action}”`,
    waiting: (action) => `Press the new key for “${action}”; Esc for none`,
    taken: (key, action) => `${key} is “${action}” now.`,
    replace: "Use it here",
    not_possible: (key) => `${key} is the browser's and cannot be used.`,
    reset: "Keys as they came",
    export: "Export",
    import: "Import",
    imported: "The keys were imported.",
    not_a_table: "This is no file of keys. Nothing was changed.",
    changeable: "Keys can be changed in the settings.",
  },
  gestures: {
    mouse_title: "Mouse",
    mouse: [
      ["Left drag", "the tool; moves the crosshair of a plane, turns the volume"],
      ["Right drag", "zoom"],
      ["Middle drag", "pan"],
      ["Wheel", "scroll; Shift five images, Ctrl zoom, Alt slab thickness"],
      ["Double click", "fit; with four viewports maximise / restore"],
    ],
    touch_title: "Touch",
    touch: [
      ["Drag one finger up or down", "scroll; turns the volume"],
      ["Slider at the right edge", "scroll fast"],
      ["Pinch / drag two fingers", "zoom / pan"],
      ["Drag three fingers", "window (or scroll: settings)"],
      ["Tap a plane", "moves the crosshair"],
      ["Double tap", "fit; with four viewports maximise / restore"],
      ["Turn two fingers", "rolls the volume"],
    ],
  },
};
