// Loaded before a program of our own, it leaves only its command line: what is understood ends well, and nothing is done.
import { Command } from 'commander';

const { action, parse } = Command.prototype;
Command.prototype.action = function () {
  return action.call(this, () => {});
};
Command.prototype.parse = function (...args) {
  parse.apply(this, args);
  process.exit(0);
};
