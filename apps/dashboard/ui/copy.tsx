'use client';
// Text to take away: shown in full, copied with one click.
import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { t } from '../language/translate.ts';
import { Button } from './button.tsx';
import styles from './copy.module.css';

/** @param label what the text is, for the button's name: `Copy key`. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [isCopied, setIsCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), 2000);
  }
  return (
    <Button
      variant="quiet"
      icon
      aria-label={isCopied ? t('Copied') : t('Copy {label}', { label })}
      title={t('Copy {label}', { label })}
      onClick={copy}
    >
      {isCopied ? <Check aria-hidden /> : <Copy aria-hidden />}
    </Button>
  );
}

export function CopyBlock({ text, label }: { text: string; label: string }) {
  return (
    <div className={styles.block}>
      <pre>{text.trimEnd()}</pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

/** Has the browser save a file. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}

interface DownloadProps {
  text: string;
  name: string;
  onDownload?: () => void;
  children: React.ReactNode;
}

/** Gives a text as a file. */
export function DownloadButton({ text, name, onDownload, children }: DownloadProps) {
  function download() {
    saveFile(new Blob([text], { type: 'application/octet-stream' }), name);
    onDownload?.();
  }
  return <Button onClick={download}>{children}</Button>;
}
