// Stands in for the Function App's Node worker (Azure/azure-functions-nodejs-worker: setupCoreModule, loadScriptFile): a
// CommonJS program that hands out @azure/functions-core from require() and loads the package's entry point, by import()
// when it is an ES module. Prints what was registered, which of Node's own modules that took, and the time. With a function's name it
// calls that function once, as its timer would, and prints the function's log, then how it ended and the memory that took. A file with
// `{ input, triggerMetadata }` in JSON is what its trigger brings: without one, a timer's.
// usage: node functions-host.cjs [FOLDER OF THE PACKAGE [FUNCTION [FILE]]]
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const registered = [];
const handlers = new Map();
class Disposable {
  dispose() {}
}
const core = {
  version: '3.12.0',
  hostVersion: '4.1000.0',
  Disposable,
  log: () => {},
  registerFunction: (metadata, handler) => {
    registered.push(metadata);
    handlers.set(metadata.name, handler);
    return new Disposable();
  },
  registerHook: () => new Disposable(),
  setProgrammingModel: () => {},
  getProgrammingModel: () => undefined,
};
Module.prototype.require = new Proxy(Module.prototype.require, {
  apply: (target, self, args) => (args[0] === '@azure/functions-core' ? core : Reflect.apply(target, self, args)),
});

async function load(folder) {
  const { main, type } = JSON.parse(require('node:fs').readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = path.join(folder, main);
  const isModule = main.endsWith('.mjs') || (!main.endsWith('.cjs') && type === 'module');
  if (isModule) await import(pathToFileURL(file).href);
  else require(file);
}

/** The part of an invocation's context that the functions use. */
const context = { info: console.log, warn: console.log, error: console.log };

async function call(name, file) {
  const { input, triggerMetadata } = file ? JSON.parse(require('node:fs').readFileSync(file, 'utf8')) : { input: {} };
  const error = await handlers
    .get(name)(input, { ...context, triggerMetadata })
    .then(
      () => undefined,
      ({ message }) => message,
    );
  console.log(JSON.stringify({ error, peakMiB: process.resourceUsage().maxRSS / 1024 }));
}

(async () => {
  if (process.argv[2]) await load(path.resolve(process.argv[2]));
  if (process.argv[3]) return call(process.argv[3], process.argv[4]);
  const { user, system } = process.cpuUsage();
  const builtins = process.moduleLoadList
    .filter((name) => name.startsWith('NativeModule '))
    .map((name) => name.slice(13));
  console.log(JSON.stringify({ registered, builtins, cpuMs: (user + system) / 1000, wallMs: performance.now() }));
})();
