// A CA's certificate among the settings.
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { reading } from './environment.ts';

/** PEM text, also with its line breaks written as \n as some portals store it, or the path of a PEM file. */
export const pem = z.string().min(1).transform(reading(readPem)).optional();

function readPem(text: string): string {
  const isText = text.includes('-----BEGIN');
  if (!isText && !existsSync(text)) throw new Error('is neither PEM text nor the path of a readable file');
  const content = isText ? text.replaceAll('\\n', '\n') : readFileSync(text, 'utf8');
  if (!content.includes('-----BEGIN CERTIFICATE-----')) throw new Error('holds no PEM certificate');
  return content;
}
