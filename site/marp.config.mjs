// SPDX-License-Identifier: MIT
// The slides are Markdown as everywhere here: a line break in the source is none
// on the slide.
export default {
  allowLocalFiles: true,  // the pictures lie beside the slides
  options: { breaks: false, markdown: { breaks: false }, html: false },
};
