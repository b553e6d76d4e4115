// The address by which members of a tenant see each other.
import { call } from './rows.ts';

/** After a change of address, the new one is shown in each of the person's tenants. @throws ApiError. */
export async function takeMyAddress(): Promise<void> {
  await call('take_my_address');
}
