'use client';
// The tenant that the pages show, kept from visit to visit.
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useState } from 'react';
import { polled, useSliced } from '../session/queries.tsx';
import { can, type Permission } from './roles.ts';
import { type MyTenant, myTenants, tenantsLeft } from './tenants.ts';

const REMEMBERED = 'mqtt-saas.tenant';
/** A role given or taken elsewhere changes what the pages offer. */
const ROLES_MS = 10_000;

interface TenantState {
  tenant: MyTenant;
  tenants: MyTenant[];
  /** Shows another tenant. */
  choose: (tenantId: string) => void;
}

const Context = createContext<TenantState | undefined>(undefined);

/** The tenants I belong to, as the database has them. */
export const useMyTenants = () => useSliced({ queryKey: ['tenants'], queryFn: myTenants, ...polled(ROLES_MS) });

/** How many tenants I may still make; 0 where the platform's operator makes them. */
export const useTenantsLeft = () =>
  useQuery({ queryKey: ['tenants', 'left'], queryFn: tenantsLeft, staleTime: 60_000 });

/** Below `TenantProvider` only. */
export function useTenant(): TenantState {
  const state = useContext(Context);
  if (!state) throw new Error('useTenant() needs a TenantProvider above it');
  return state;
}

/** Whether my role in this tenant has the permission. */
export const useCan = (permission: Permission): boolean => can(useTenant().tenant.role, permission);

/** @param tenants at least one. */
export function TenantProvider({ tenants, children }: { tenants: MyTenant[]; children: ReactNode }) {
  const [chosen, setChosen] = useState(() => localStorage.getItem(REMEMBERED));
  const tenant = tenants.find(({ tenant_id }) => tenant_id === chosen) ?? (tenants[0] as MyTenant);
  const choose = (tenantId: string) => {
    rememberTenant(tenantId);
    setChosen(tenantId);
  };
  // A page's own state, such as a selection, belongs to one tenant: the next one starts without it.
  return (
    <Context key={tenant.tenant_id} value={{ tenant, tenants, choose }}>
      {children}
    </Context>
  );
}

/** The tenant to show next time. */
export const rememberTenant = (tenantId: string): void => localStorage.setItem(REMEMBERED, tenantId);
