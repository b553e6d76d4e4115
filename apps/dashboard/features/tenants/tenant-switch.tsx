'use client';
// Which tenant the pages show. With one tenant there is nothing to choose.
import { ChevronsUpDown } from 'lucide-react';
import { useTenant } from './tenant.tsx';
import styles from './tenant-switch.module.css';

export function TenantSwitch() {
  const { tenant, tenants, choose } = useTenant();
  const isOnly = tenants.length === 1;
  return (
    <div className={styles.switch}>
      <span className={styles.sign} aria-hidden>
        {tenant.name.charAt(0).toUpperCase()}
      </span>
      <span className={styles.name}>
        <strong>{tenant.name}</strong>
        <small>{tenant.role}</small>
      </span>
      {!isOnly && (
        <>
          <ChevronsUpDown aria-hidden />
          <select aria-label="Tenant" value={tenant.tenant_id} onChange={(event) => choose(event.target.value)}>
            {tenants.map(({ tenant_id, name }) => (
              <option key={tenant_id} value={tenant_id}>
                {name}
              </option>
            ))}
          </select>
        </>
      )}
    </div>
  );
}
