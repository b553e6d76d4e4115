// What each role may do. The database decides (row-level security and its functions); this only keeps the pages from
// offering what it would refuse.
import { MEMBER_ROLES } from '../../../../domain/members.ts';
import type { Database } from '../session/database.ts';

export type Role = Database['public']['Tables']['memberships']['Row']['role'];
export const ROLES = MEMBER_ROLES satisfies readonly Role[];

/** In a sentence, for whoever gives a role to someone. */
export const ROLE_MEANS: Record<Role, string> = {
  owner: 'Everything, including members and the audit log',
  staff: 'Devices, alert rules, dead letters',
  viewer: 'Looks, changes nothing',
};

export type Deed = 'manage devices' | 'manage rules' | 'see dead letters' | 'manage members' | 'read the audit log';

const STAFF: Deed[] = ['manage devices', 'manage rules', 'see dead letters'];
const MAY: Record<Role, readonly Deed[]> = {
  owner: [...STAFF, 'manage members', 'read the audit log'],
  staff: STAFF,
  viewer: [],
};

/** True when the role's deeds hold this one. */
export const may = (role: Role, deed: Deed): boolean => MAY[role].includes(deed);
