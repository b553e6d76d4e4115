// Invitations by the platform's operator, under the same rules as a tenant owner's; and the limits on what people may create.
import type { Client } from 'pg';
import { assertDisplayName, assertSlug } from '../../domain/identifiers.ts';
import type { MemberRole } from '../../domain/members.ts';
import { inTransaction } from './connect.ts';

export interface InvitationRequest {
  email: string;
  /** Slug. */
  tenant: string;
  role: MemberRole;
  /** Makes the tenant with this name if it is missing. */
  newTenantName?: string | undefined;
  /** Revokes an open invitation of the same address. Default: false, and an open one is an error. */
  replace?: boolean | undefined;
}

/**
 * Makes an invitation, together with its tenant if that is missing: both, or neither.
 * @param client of the database's owner.
 * @returns the token, which cannot be read again.
 * @throws Error that says what to do.
 */
export async function invite(client: Client, request: InvitationRequest): Promise<{ token: string; expiresAt: Date }> {
  const { email, tenant, role, newTenantName, replace = false } = request;
  assertSlug(tenant, 'tenant');
  return inTransaction(client, async () => {
    if (newTenantName !== undefined) {
      const sql = 'insert into public.tenants (slug, name) values ($1, $2) on conflict (slug) do nothing';
      await client.query(sql, [tenant, assertDisplayName(newTenantName)]);
    }
    const found = await client.query<{ id: string }>('select id from public.tenants where slug = $1', [tenant]);
    const id = found.rows[0]?.id;
    if (id === undefined) throw new Error(`there is no tenant "${tenant}": add --create-tenant to make it`);
    const open = await client.query<{ expires_at: Date }>(
      `select expires_at from public.invitations where tenant_id = $1 and email = lower(btrim($2))
         and accepted_at is null and revoked_at is null and expires_at > now()`,
      [id, email],
    );
    const [pending] = open.rows;
    if (pending && !replace) {
      const until = pending.expires_at.toISOString().slice(0, 10);
      throw new Error(
        `${email} has an open invitation to "${tenant}" until ${until}: add --replace to revoke it and make another`,
      );
    }
    const made = await client
      .query<{ token: string; expires_at: Date }>(
        "select access.invite($1, $2, $3) as token, now() + interval '7 days' as expires_at",
        [id, email, role],
      )
      .catch((error) => {
        const { code, message, hint } = error as { code?: string; message: string; hint?: string };
        if (code === '42883') throw new Error('the database lacks a migration: npm run ops -- db apply');
        throw new Error(hint ? `${message}. ${hint}` : message);
      });
    const { token, expires_at } = made.rows[0] as (typeof made.rows)[number];
    return { token, expiresAt: expires_at };
  });
}
