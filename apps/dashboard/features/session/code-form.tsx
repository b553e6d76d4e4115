'use client';
// Asks for the code of the second factor, and raises the session with it.
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Choice, Field } from '../../ui/field.tsx';
import type { Auth } from './account.ts';
import type { SecondFactor } from './factors.ts';
import { enterCode } from './second-factor.ts';
import { useSubmit } from './use-submit.tsx';

interface Props {
  auth: () => Promise<Auth>;
  factors: Pick<SecondFactor, 'id' | 'friendly_name'>[];
  /** The button's text. Default: "Continue". */
  action?: string;
  onDone?: () => void | Promise<void>;
}

export function CodeForm({ auth, factors, action = t('Continue'), onDone }: Props) {
  const { busy, submit, problem } = useSubmit(async (form) => {
    await enterCode(await auth(), String(form.get('factor') ?? factors[0]?.id), String(form.get('code')));
    await onDone?.();
  });
  return (
    <form method="post" onSubmit={submit}>
      {problem}
      {factors.length > 1 && (
        <Choice label={t('Authenticator')} name="factor">
          {factors.map(({ id, friendly_name }) => (
            <option key={id} value={id}>
              {friendly_name}
            </option>
          ))}
        </Choice>
      )}
      <Field
        label={t('Code')}
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        pattern="[0-9 ]{6,7}"
        title={t('6 digits')}
        hint={t('The 6 digits that your authenticator app shows now.')}
        required
        autoFocus
      />
      <Button type="submit" variant="primary" busy={busy} wide>
        {action}
      </Button>
    </form>
  );
}
