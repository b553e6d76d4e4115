'use client';
// The tenant's name, which an owner can change, and its slug, which nobody can.
import { type FormEvent, useState } from 'react';
import { MAX_NAME_LENGTH } from '../../../../domain/identifiers.ts';
import { tenantPrefix } from '../../../../domain/topics.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Field } from '../../ui/field.tsx';
import { Section } from '../../ui/page.tsx';
import { useChange } from '../session/use-change.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { renameTenant } from '../tenants/tenants.ts';
import styles from './settings.module.css';

export function NameSection() {
  const { tenant } = useTenant();
  const canManage = useCan('manage the tenant');
  return (
    <Section title={t('Name and slug')}>
      {canManage && <Rename />}
      <Facts
        facts={[
          !canManage && ([t('Name'), tenant.name] as const),
          [t('Slug'), <code key="slug">{tenant.slug}</code>],
          [t('Topics'), <code key="topics">{tenantPrefix(tenant.slug)}/devices/…</code>],
        ]}
      />
      <p className={styles.note}>
        {t(
          'The slug cannot be changed: it is part of every topic and of the user name that each device connects with.',
        )}
        {!canManage && ` ${t('Owners can change the name.')}`}
      </p>
    </Section>
  );
}

function Rename() {
  const { tenant } = useTenant();
  const [name, setName] = useState(tenant.name);
  const rename = useChange({
    run: (to: string) => renameTenant(tenant.tenant_id, to),
    done: (to) => t('The tenant is now called {to}.', { to }),
    changes: ['tenants', 'audit'],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    rename.mutate(name.trim());
  }
  return (
    <form className={styles.rename} onSubmit={submit}>
      <Field
        label={t('Name')}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={MAX_NAME_LENGTH}
        required
      />
      <Button type="submit" busy={rename.isPending} disabled={name.trim() === tenant.name}>
        {t('Rename')}
      </Button>
    </form>
  );
}
