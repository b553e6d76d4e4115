// What a member of a tenant may be.

/** The roles, the highest first. */
export const MEMBER_ROLES = ['owner', 'staff', 'viewer'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];
