// A terminal as a person sees it: a program's bytes, drawn by xterm.js. And a program that runs on one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import xterm from '@xterm/headless';
import { ROOT } from '../../bootstrap/root.mjs';

/** A terminal's rows: those that have scrolled away, too. */
export class Screen {
  // xterm.js leaves the cursor's row alone at a resize, as a shell likes it; most other terminals do not.
  #terminal = new xterm.Terminal({
    cols: 80,
    rows: 24,
    scrollback: 5000,
    allowProposedApi: true,
    reflowCursorLine: true,
  });

  /** Draws, and resolves when it is drawn. */
  draw(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(bytes, resolve));
  }

  resize(columns: number): void {
    this.#terminal.resize(columns, this.#terminal.rows);
  }

  /** All rows, without the empty ones at the end. */
  rows(): string[] {
    return this.#read(0);
  }

  /** What is in sight. */
  visible(): string[] {
    return this.#read(this.#terminal.buffer.active.baseY);
  }

  #read(from: number): string[] {
    const { active } = this.#terminal.buffer;
    const rows = [];
    for (let y = from; y < active.length; y += 1) rows.push(active.getLine(y)!.translateToString(true));
    return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1);
  }
}

/** A program on a terminal of 80 columns and 24 rows. */
export interface TerminalProgram {
  child: ChildProcess;
  screen: Screen;
  resize(columns: number): void;
  type(text: string): void;
}

/** Runs a shell command. @param onFrame is called each time that something was drawn. */
export function runOnTerminal(command: string, onFrame: (screen: Screen) => void): TerminalProgram {
  const screen = new Screen();
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-terminal-'));
  const device = join(folder, 'device');
  // script(1) gives the command a terminal of its own.
  const words = `tty > ${device}; stty cols 80 rows 24; exec ${command}`;
  const child = spawn('script', ['--quiet', '--return', '--command', words, '/dev/null'], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: '', NO_COLOR: '', TERM: 'xterm-256color', STY: '', XTERM_VERSION: '' },
  });
  child.once('exit', () => rmSync(folder, { recursive: true }));
  child.stdout!.on('data', (bytes) => void screen.draw(bytes).then(() => onFrame(screen)));
  return {
    child,
    screen,
    type: (text) => child.stdin!.write(text),
    resize: (columns) => {
      if (!existsSync(device)) throw new Error('the program has not begun');
      screen.resize(columns);
      spawnSync('stty', ['-F', readFileSync(device, 'utf8').trim(), 'cols', String(columns)]);
    },
  };
}
