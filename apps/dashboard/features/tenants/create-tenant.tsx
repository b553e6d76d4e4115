'use client';
// For who belongs to no tenant yet: makes one.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { messageOf } from '../session/errors.ts';
import { slugFrom, slugProblem } from './slug.ts';
import { rememberTenant } from './tenant.tsx';
import { createTenant } from './tenants.ts';

/** @param onDone gets the new tenant's id, once it is among mine. */
export function CreateTenantForm({ onDone }: { onDone?: (tenantId: string) => void }) {
  const queries = useQueryClient();
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
      const made = await createTenant(slug, name.trim());
      rememberTenant(made);
      await queries.invalidateQueries({ queryKey: ['tenants'] });
      onDone?.(made);
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit}>
      {problem && <Notice tone="danger">{problem}</Notice>}
      <Field
        label="Name"
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={200}
        required
        autoFocus
      />
      <Field
        label="Slug"
        value={slug}
        onChange={(event) => setTypedSlug(event.target.value)}
        hint={
          slug ? `Part of every topic: tenants/${slug}/devices/…  It cannot be changed later.` : 'Part of every topic.'
        }
        error={badSlug}
        maxLength={63}
        autoCapitalize="off"
        spellCheck={false}
        required
      />
      <Button type="submit" variant="primary" busy={busy} wide>
        Create tenant
      </Button>
    </form>
  );
}
