// MathJax without a browser: TeX in, HTML out. typeset.js is this file with what it needs:
//   npm install mathjax-full@3.2.2 esbuild
//   npx esbuild typesetter.js --bundle --minify --format=iife --outfile=typeset.js
const {mathjax} = require('mathjax-full/js/mathjax.js');
const {TeX} = require('mathjax-full/js/input/tex.js');
const {CHTML} = require('mathjax-full/js/output/chtml.js');
const {liteAdaptor} = require('mathjax-full/js/adaptors/liteAdaptor.js');
const {RegisterHTMLHandler} = require('mathjax-full/js/handlers/html.js');
const {AssistiveMmlHandler} = require('mathjax-full/js/a11y/assistive-mml.js');
require('mathjax-full/js/input/tex/base/BaseConfiguration.js');
require('mathjax-full/js/input/tex/ams/AmsConfiguration.js');
require('mathjax-full/js/input/tex/newcommand/NewcommandConfiguration.js');
require('mathjax-full/js/input/tex/configmacros/ConfigMacrosConfiguration.js');
require('mathjax-full/js/input/tex/boldsymbol/BoldsymbolConfiguration.js');
globalThis.typesetter = (macros, fontURL) => {
  const adaptor = liteAdaptor();
  AssistiveMmlHandler(RegisterHTMLHandler(adaptor));
  const make = () => {
    const input = new TeX({packages: ['base','ams','newcommand','configmacros','boldsymbol'], macros, formatError: (jax, err) => { throw err; }});
    const output = new CHTML({fontURL, adaptiveCSS: true});
    return {doc: mathjax.document('', {InputJax: input, OutputJax: output}), output};
  };
  let page = make();
  return {
    start() { page = make(); },
    set(tex, display) {
      const node = page.doc.convert(tex, {display, em: 16, ex: 8, containerWidth: 1280, scale: 1.19});
      return adaptor.outerHTML(node);
    },
    css() { return adaptor.textContent(page.output.styleSheet(page.doc)); },
  };
};
