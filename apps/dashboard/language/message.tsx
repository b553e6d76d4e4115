'use client';
// A message on a page that is exported whole: translated in the browser, where the language is known.
import { type PlainMessage, t } from './translate.ts';

export const Message = ({ text }: { text: PlainMessage }) => t(text);
