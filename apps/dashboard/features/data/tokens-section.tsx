'use client';
// The tenant's API tokens, for owners: made, shown once, revoked.
import { useQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Choice, Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useChange } from '../session/use-change.ts';
import { useTenant } from '../tenants/tenant.tsx';
import styles from './data-page.module.css';
import { createToken, listTokens, MOST_TOKENS, revokeToken, SCOPES, type Scope, type Token } from './tokens.ts';

export function TokensSection() {
  const { tenant } = useTenant();
  const [isMaking, setIsMaking] = useState(false);
  const [leaving, setLeaving] = useState<Token>();
  const { data: tokens, error } = useQuery({
    queryKey: ['api-tokens', tenant.tenant_id],
    queryFn: () => listTokens(tenant.tenant_id),
    ...polled(15_000),
  });
  const revoke = useChange({
    run: revokeToken,
    done: ({ name }: Token) => t('{name} is revoked.', { name }),
    changes: ['api-tokens'],
  });
  const columns: Column<Token>[] = [
    { header: t('Name'), title: true, cell: ({ name }) => name },
    { header: t('Reads'), cell: ({ scopes }) => scopes.map((scope) => t(SCOPES[scope as Scope])).join(', ') },
    { header: t('Made by'), cell: ({ created_by }) => created_by ?? t('the operator') },
    { header: t('Last used'), cell: ({ last_used_at }) => (last_used_at ? <Ago at={last_used_at} /> : t('never')) },
    { header: t('Expires'), cell: ({ expires_at }) => <Ago at={expires_at} /> },
    {
      header: t('Actions'),
      silent: true,
      cell: (token) => (
        <Button variant="quiet" aria-label={t('Revoke {name}', { name: token.name })} onClick={() => setLeaving(token)}>
          {t('Revoke')}
        </Button>
      ),
    },
  ];
  const isFull = (tokens?.length ?? 0) >= MOST_TOKENS;
  return (
    <Section
      title={t('API tokens')}
      flush
      aside={
        <Button onClick={() => setIsMaking(true)} disabled={isFull}>
          {t('New token')}
        </Button>
      }
    >
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {isFull && (
        <Notice tone="neutral">
          {t('A tenant has at most {most} tokens. Revoke one that is not needed.', { most: MOST_TOKENS })}
        </Notice>
      )}
      {!tokens && !error && <Skeleton lines={3} label={t('Loading tokens')} />}
      {tokens?.length === 0 && (
        <Empty icon={<KeyRound />} title={t('No token yet')}>
          {t('A program reads this tenant’s data with a token instead of an account.')}
        </Empty>
      )}
      {tokens && tokens.length > 0 && (
        <DataTable caption={t('API tokens')} columns={columns} rows={tokens} keyOf={({ id }) => id} />
      )}
      {isMaking && <TokenDialog onClose={() => setIsMaking(false)} />}
      {leaving && (
        <Confirm
          title={t('Revoke {name}?', { name: leaving.name })}
          action={t('Revoke token')}
          onClose={() => setLeaving(undefined)}
          onConfirm={async () => {
            await revoke.mutateAsync(leaving);
            setLeaving(undefined);
          }}
        >
          <p>{t('Programs that use this token are refused from their next request on.')}</p>
        </Confirm>
      )}
    </Section>
  );
}

const DAYS = { 30: '30 days', 90: '90 days', 365: 'a year' } as const;

function TokenDialog({ onClose }: { onClose: () => void }) {
  const { tenant } = useTenant();
  const [scopes, setScopes] = useState<Scope[]>(['devices', 'telemetry']);
  const create = useChange({
    run: ({ name, days }: { name: string; days: number }) => createToken(tenant.tenant_id, name, scopes, days),
    done: ({ name }) => t('{name} is made.', { name }),
    changes: ['api-tokens'],
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({ name: String(form.get('name')).trim(), days: Number(form.get('days')) });
  }
  if (create.data) {
    return (
      <Dialog title={t('API token')} onClose={onClose} firm>
        <Notice tone="warn">
          {t('This is the only time the token is shown. Only its hash is stored; nobody can read it back.')}
        </Notice>
        <CopyBlock text={create.data} label={t('token')} />
        <DialogActions>
          <Button variant="primary" onClick={onClose}>
            {t('Done')}
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title={t('New token for {name}', { name: tenant.name })} onClose={onClose}>
      <form onSubmit={submit}>
        <Field
          label={t('Name')}
          name="name"
          hint={t('Such as the program that will use it.')}
          maxLength={200}
          required
        />
        <fieldset className={styles.scopes}>
          <legend>{t('Reads')}</legend>
          {(Object.keys(SCOPES) as Scope[]).map((scope) => (
            <label key={scope}>
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={({ target }) =>
                  setScopes(target.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope))
                }
              />
              {t(SCOPES[scope])}
            </label>
          ))}
        </fieldset>
        <Choice label={t('Expires in')} name="days" defaultValue="90">
          {Object.entries(DAYS).map(([days, words]) => (
            <option key={days} value={days}>
              {t(words)}
            </option>
          ))}
        </Choice>
        <DialogActions>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" variant="primary" busy={create.isPending} disabled={scopes.length === 0}>
            {t('Make token')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
