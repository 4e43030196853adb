// Draws Vega specifications as Kibana does, without a browser: reads jobs from standard input, writes what came of each to standard output, both JSON.
// The program's folder is where package.json and node_modules are.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { text } from 'node:stream/consumers';

const input = JSON.parse(await text(process.stdin));

// Vega measures texts with a canvas. Widths are in thousandths of the size, from the space on.
const context = {
  font: '',
  measureText(words) {
    const size = Number(/([\d.]+)px/.exec(this.font)?.[1] ?? 11), bold = /bold|[6-9]00/.test(this.font) ? 1.07 : 1;
    return { width: [...String(words)].reduce((sum, c) => sum + (input.widths[c.codePointAt(0) - 32] ?? input.other), 0) * size * bold / 1000 };
  },
};
globalThis.document = { createElement: () => ({ getContext: () => context }) };

const load = createRequire(pathToFileURL(process.argv[1] + '/package.json'));
const vega = await import(pathToFileURL(load.resolve('vega')));
const { expressionInterpreter } = await import(pathToFileURL(load.resolve('vega-interpreter')));

let job, result;

// Kibana adds these functions to the language of expressions (Kibana guide, "Vega reference").
for (const name of ['kibanaAddFilter', 'kibanaRemoveFilter', 'kibanaRemoveAllFilters', 'kibanaSetTimeFilter']) {
  vega.expressionFunction(name, (...of) => { result.filters.push({ function: name, arguments: of }); });
}

// Kibana puts the answers in place of the searches.
function answer(data) {
  for (const one of data ?? []) {
    if (one.url === undefined) continue;
    if (!(one.name in job.responses)) throw new Error(`there is no response for the data ${one.name}`);
    one.values = job.responses[one.name];
    delete one.url;
  }
}

// What Kibana sets by its theme where the specification does not: texts and lines in greys that can be seen on its background.
function theme(spec) {
  const strong = job.dark ? '#f5f7fa' : '#343741', weak = job.dark ? '#98a2b3' : '#69707d', lines = job.dark ? '#343741' : '#eef0f4';
  const config = spec.config ??= {};
  const styles = config.style ??= {};
  styles['guide-label'] = { fill: weak, ...styles['guide-label'] };
  for (const style of ['guide-title', 'group-title', 'group-subtitle']) styles[style] = { fill: strong, ...styles[style] };
  config.title = { color: strong, ...config.title };
  config.axis = { tickColor: lines, domainColor: lines, gridColor: lines, ...config.axis };
  config.background ??= job.background ?? 'transparent';
}

const logger = vega.logger(vega.Warn, 'log', (method, level, input) => {
  result.messages.push(`${level}: ${[...input].map((part) => part?.stack ?? String(part)).join(' ')}`);
});

async function draw() {
  const { spec } = job;
  answer(spec.data);
  theme(spec);
  spec.autosize = { type: 'fit', contains: 'padding' };
  spec.width = job.width;
  spec.height = job.height;
  const view = new vega.View(vega.parse(spec, null, { ast: true }), { expr: expressionInterpreter, renderer: 'none', logger });
  // As Kibana does it: the size is of the panel, what is around the drawing included.
  view.width(job.width).height(job.height);
  await view.runAsync();

  // A click: the event goes to what hears of it, with the item of a mark whose tuple has these members.
  for (const { mark, where } of job.clicks ?? []) {
    const matches = (item) => Object.entries(where).every(([key, value]) => item.datum?.[key] === value);
    let item = null;
    const find = (node) => {
      if (node.name === mark && node.items) item ??= node.items.find(matches);
      for (const inner of node.items ?? []) if (inner.items) find(inner);
    };
    find(view.scenegraph().root);
    if (item === null) throw new Error(`mark ${mark} has no item where ${JSON.stringify(where)}`);
    for (const { type, handler } of Object.values(view._handler._handlers).flat()) {
      if (type === 'click') handler.call(view._handler._obj, { type: 'click', vegaType: 'click', clientX: 0, clientY: 0, preventDefault() {}, stopPropagation() {} }, item);
    }
    await view.runAsync();
  }
  result.svg = await view.toSVG();
  view.finalize();
}

const results = [];
for (job of input.jobs) {
  results.push(result = { svg: '', messages: [], filters: [] });
  await draw();
}
process.stdout.write(JSON.stringify(results));
