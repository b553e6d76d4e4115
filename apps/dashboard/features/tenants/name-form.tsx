'use client';
// The form for something new: what people call it, and the slug that topics use, which follows the name until one is typed.
import { type FormEvent, useState } from 'react';
import { MAX_NAME_LENGTH, MAX_SLUG_LENGTH } from '../../../../domain/identifiers.ts';
import { t } from '../../language/translate.ts';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { messageOf } from '../session/errors.ts';
import { slugFrom, slugProblem } from './slug.ts';

/** State of the form. @param save makes it; what it throws is shown, and the form can be sent again. */
export function useNameForm(save: (slug: string, name: string) => Promise<void>) {
  const [name, setName] = useState('');
  const [typedSlug, setTypedSlug] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const slug = typedSlug ?? slugFrom(name);
  const badSlug = slug === '' ? undefined : slugProblem(slug);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (badSlug) return;
    setBusy(true);
    setProblem('');
    try {
      await save(slug, name.trim());
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }
  return { name, setName, slug, setSlug: setTypedSlug, badSlug, busy, problem, submit };
}

interface NameFieldsProps {
  form: ReturnType<typeof useNameForm>;
  nameHint?: string;
  slugHint: string;
  autoFocus?: boolean;
}

/** The form's two fields, with the reason above them when it was refused. */
export function NameFields({ form, nameHint, slugHint, autoFocus = false }: NameFieldsProps) {
  return (
    <>
      {form.problem && <Notice tone="danger">{form.problem}</Notice>}
      <Field
        label={t('Name')}
        value={form.name}
        onChange={(event) => form.setName(event.target.value)}
        hint={nameHint}
        maxLength={MAX_NAME_LENGTH}
        required
        autoFocus={autoFocus}
      />
      <Field
        label={t('Slug')}
        value={form.slug}
        onChange={(event) => form.setSlug(event.target.value)}
        hint={slugHint}
        error={form.badSlug}
        maxLength={MAX_SLUG_LENGTH}
        autoCapitalize="off"
        spellCheck={false}
        required
      />
    </>
  );
}
