// What each role may do. The database decides (row-level security and its functions); this only keeps the pages from
// offering what it would refuse.

import { MEMBER_ROLES } from '../../../../domain/members.ts';
import type { PlainMessage } from '../../language/translate.ts';
import type { Database } from '../session/database.ts';

export type Role = Database['public']['Tables']['memberships']['Row']['role'];
export const ROLES = MEMBER_ROLES satisfies readonly Role[];

/** In a sentence, for the person who assigns a role. */
export const ROLE_MEANS: Record<Role, PlainMessage> = {
  owner: 'Everything, including members, API tokens and the audit log',
  staff: 'Devices, alert rules, notifications, dead letters',
  viewer: 'Looks, changes nothing',
};

export type Permission =
  | 'manage devices'
  | 'manage rules'
  | 'manage notifications'
  | 'see dead letters'
  | 'ask questions'
  | 'manage members'
  | 'make API tokens'
  | 'read the audit log'
  | 'manage the tenant';

const STAFF: Permission[] = [
  'manage devices',
  'manage rules',
  'manage notifications',
  'see dead letters',
  'ask questions',
];
const PERMISSIONS: Record<Role, readonly Permission[]> = {
  owner: [...STAFF, 'manage members', 'make API tokens', 'read the audit log', 'manage the tenant'],
  staff: STAFF,
  viewer: [],
};

export const can = (role: Role, permission: Permission): boolean => PERMISSIONS[role].includes(permission);

/** A sentence's words within another sentence. */
export const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
