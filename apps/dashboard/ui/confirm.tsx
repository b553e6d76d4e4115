'use client';
// Asks for confirmation before something that cannot be undone.
import { type ReactNode, useState } from 'react';
import { t } from '../language/translate.ts';
import { Button } from './button.tsx';
import { Dialog, DialogActions } from './dialog.tsx';
import { Field } from './field.tsx';
import { Notice } from './notice.tsx';

interface Props {
  title: string;
  /** The button's text, such as "Delete device". */
  action: string;
  /** What has to be typed before the button works. Default: nothing. */
  typed?: string;
  /** Takes the dialog off the page when it succeeds; what it throws is shown. */
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}

export function Confirm({ title, action, typed, onConfirm, onClose, children }: Props) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  async function confirm() {
    setBusy(true);
    setProblem('');
    try {
      await onConfirm();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : t('Something went wrong. Try again.'));
      setBusy(false);
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {problem && <Notice tone="danger">{problem}</Notice>}
      {typed && (
        <Field
          label={t('Type {text} to confirm', { text: typed })}
          value={text}
          onChange={(event) => setText(event.target.value)}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
        />
      )}
      <DialogActions>
        <Button onClick={onClose}>{t('Cancel')}</Button>
        <Button variant="danger" busy={busy} disabled={typed !== undefined && text !== typed} onClick={confirm}>
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
