// Each refusal of the auth service is a sentence for a person (codes: supabase/auth, internal/api/apierrors/errorcode.go).
import { expect, test } from 'vitest';
import { explain } from './account.ts';

test.each([
  'invalid_credentials',
  'email_not_confirmed',
  'over_request_rate_limit',
  'over_email_send_rate_limit',
  'signup_disabled',
  'user_banned',
  'email_address_invalid',
  'email_address_not_authorized',
  'email_provider_disabled',
  'otp_expired',
  'same_password',
  'reauthentication_needed',
  'reauthentication_not_valid',
  'current_password_required',
  'invite_not_found',
  'session_not_found',
  'refresh_token_not_found',
])('%s', (code) => {
  const { message, code: kept } = explain({ code, message: 'for programs', status: 400 });
  expect(kept).toBe(code);
  expect(message).not.toContain('for programs');
  expect(message).toMatch(/^[A-Z].*\.$/);
});

test('what has no sentence of its own', () => {
  const said = (code: string, message: string, status?: number) => explain({ code, message, status }).message;
  expect(said('weak_password', 'Password should be at least 12 characters.', 422)).toBe(
    'This password is too weak. Password should be at least 12 characters.',
  );
  expect(said('unexpected_failure', 'pq: boom', 500)).toMatch(/fault on its side/);
  expect(said('', 'Failed to fetch', 0)).toMatch(/cannot be reached/);
  expect(said('', 'Invalid login credentials', 400)).toMatch(/do not match/);
  expect(said('validation_failed', 'Password cannot be longer than 72 characters', 400)).toBe(
    'Password cannot be longer than 72 characters.',
  );
});
