// The current step and its duration. On a terminal it is updated in place, and each finished step keeps a line; elsewhere each step
// gets one line, when it begins.
import { TerminalLine } from './terminal-line.mjs';

const TICK_MS = 500;
/** Milliseconds. A shorter step shows no clock. */
const CLOCK_FROM_S = 2;

/** Steps, one after the other. */
export class Progress {
  #stream;
  #line;
  #step;
  #since = 0;
  #timer;

  /**
   * @param {NodeJS.WriteStream} stream
   * @param {TerminalLine} [line] of that stream, where something else uses it too
   */
  constructor(stream, line = new TerminalLine(stream)) {
    this.#stream = stream;
    this.#line = line;
  }

  /** Ends the previous step, if any, and begins this one. @param {string} step */
  step(step) {
    const before = this.#summary('✓', '32');
    this.#step = step;
    this.#since = Date.now();
    if (!this.#stream.isTTY) return this.#line.note(`${step} ...\n`);
    this.#line.show(this.#current(), before);
    this.#timer ??= setInterval(() => this.#line.show(this.#current()), TICK_MS).unref();
  }

  /** The last step succeeded. */
  done() {
    this.#end(this.#summary('✓', '32'));
  }

  /** The last step failed. */
  failed() {
    this.#end(this.#summary('✗', '31'));
  }

  #end(summary) {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#step = undefined;
    this.#line.clear(summary);
  }

  #current() {
    const seconds = Math.floor(this.#seconds());
    return `… ${this.#step}${seconds >= CLOCK_FROM_S ? this.#colour('2', ` ${seconds} s`) : ''}`;
  }

  #summary(mark, code) {
    if (this.#step === undefined || !this.#stream.isTTY) return '';
    return `${this.#colour(code, mark)} ${this.#step} ${this.#colour('2', `${this.#seconds().toFixed(1)} s`)}\n`;
  }

  #seconds() {
    return (Date.now() - this.#since) / 1000;
  }

  /** https://no-color.org */
  #colour(code, text) {
    return process.env.NO_COLOR ? text : `\u001b[${code}m${text}\u001b[0m`;
  }
}
