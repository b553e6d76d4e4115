'use client';
// Downloads what a chart shows as a CSV file.
import { Download } from 'lucide-react';
import { useRef, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { saveFile } from '../../ui/copy.tsx';
import { useNotify } from '../../ui/toasts.tsx';
import { messageOf } from '../session/errors.ts';
import type { Span } from './export.ts';

interface Props {
  /** What is on the screen when the button is pressed. */
  span: () => Span;
  /** What the file is of, where several are offered. */
  of?: string | undefined;
}

export function CsvButton({ span, of }: Props) {
  const notify = useNotify();
  const [read, setRead] = useState<number>();
  const stop = useRef<AbortController>(undefined);

  async function download() {
    const abort = new AbortController();
    const { signal } = abort;
    stop.current = abort;
    setRead(0);
    try {
      // Loaded when it is needed: a page has little room for script.
      const { exportReadings } = await import('./export.ts');
      const { parts, name, lines, endsAt } = await exportReadings(span(), setRead, signal);
      if (lines === 0)
        return notify(
          t(
            'There are no readings in this range, so no file was saved. Older ones may be in the archive: an owner sees it in Settings.',
          ),
        );
      saveFile(new Blob(parts, { type: 'text/csv;charset=utf-8' }), name);
      notify(
        endsAt
          ? t(
              '{lines} readings are in {name}, up to {time}. A file holds no more: for the rest, choose a range that begins there.',
              { lines, name, time: endsAt },
            )
          : t('{lines, plural, one {# reading is} other {# readings are}} in {name}.', { lines, name }),
      );
    } catch (error) {
      if (!signal.aborted) notify(messageOf(error), 'danger');
    } finally {
      setRead(undefined);
    }
  }

  if (read !== undefined) {
    return (
      <Button onClick={() => stop.current?.abort()} aria-live="polite">
        {t('{read} readings … Cancel', { read })}
      </Button>
    );
  }
  return (
    <Button onClick={download}>
      <Download aria-hidden />
      {of === undefined ? t('Download CSV') : t('Download CSV: {of}', { of })}
    </Button>
  );
}
