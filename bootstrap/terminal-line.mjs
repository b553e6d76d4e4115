// One line at the end of a terminal's text that is rewritten in place. It never takes more than one row, and what was
// written above it stays.
import { stripVTControlCharacters } from 'node:util';

const USUAL_COLUMNS = 80;
const ESCAPE = '\u001b';
const UP = (rows) => (rows > 0 ? `${ESCAPE}[${rows}A` : '');
const CLEAR_TO_END = `${ESCAPE}[J`;
const RESET = `${ESCAPE}[0m`;
/** A colour's code, or one character. */
const PIECE = new RegExp(`${ESCAPE}\\[[\\d;]*m|.`, 'gu');

/** Writes to a stream that must be a terminal. */
export class TerminalLine {
  #stream;
  #text = '';
  #width = 0;

  /** @param {NodeJS.WriteStream} stream */
  constructor(stream) {
    this.#stream = stream;
    stream.on('resize', () => this.#text && this.show(this.#text));
  }

  /**
   * Shows the text, cut to the terminal's width, in place of what the line had.
   * @param {string} text one line, with colours or without
   * @param {string} [above] whole lines to leave above it
   */
  show(text, above = '') {
    const shown = cut(text, this.#columns() - 1);
    this.#stream.write(`${this.#erase()}${above}${shown}`);
    this.#text = text;
    this.#width = stripVTControlCharacters(shown).length;
  }

  /** Removes the line. @param {string} [above] whole lines to leave in its place */
  clear(above = '') {
    const text = `${this.#erase()}${above}`;
    if (text) this.#stream.write(text);
    this.#text = '';
    this.#width = 0;
  }

  /** A terminal that became narrower has folded the line into several rows. */
  #erase() {
    if (this.#width === 0) return '';
    return `\r${UP(Math.floor(this.#width / this.#columns()))}${CLEAR_TO_END}`;
  }

  #columns() {
    return this.#stream.columns || USUAL_COLUMNS;
  }
}

/** The text in so many columns, with an ellipsis where something is missing. */
function cut(text, columns) {
  if (stripVTControlCharacters(text).length <= columns) return text;
  let room = columns - 1;
  let kept = '';
  for (const [piece] of text.matchAll(PIECE)) {
    if (piece.length === 1 && --room < 0) break;
    kept += piece;
  }
  return `${kept}…${RESET}`;
}
