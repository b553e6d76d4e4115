// The roles of a tenant's members.

/** The highest role first. */
export const MEMBER_ROLES = ['owner', 'staff', 'viewer'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];
