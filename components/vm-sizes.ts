// The allowed machine sizes, smallest first: burstable, x64 (as the image is), with Trusted Launch, and with a SCSI controller.
// The first boot finds the data disk as /dev/disk/azure/scsi1/lunN, a link that sizes with NVMe alone (from v6 on) do not have:
// theirs is /dev/disk/azure/data/by-lun/N, of the package azure-vm-utils. `npm run doctor` asks Azure.

/** Properties of a size. Source: Azure's "Sizes for virtual machines", Bv1, Bsv2, Basv2 series. */
export interface VmSize {
  vCpus: number;
  memoryGiB: number;
  /** When Azure retires it, ISO date; absent if no date is announced. */
  retires?: string;
}

/** Allowed sizes. Arm sizes (`Bps`) are absent: the image is x64. */
export const VM_SIZES = {
  Standard_B1s: { vCpus: 1, memoryGiB: 1, retires: '2028-11-15' },
  Standard_B2ts_v2: { vCpus: 2, memoryGiB: 1 },
  Standard_B2ats_v2: { vCpus: 2, memoryGiB: 1 },
  Standard_B2s: { vCpus: 2, memoryGiB: 4, retires: '2028-11-15' },
  Standard_B2ls_v2: { vCpus: 2, memoryGiB: 4 },
  Standard_B2als_v2: { vCpus: 2, memoryGiB: 4 },
  Standard_B2s_v2: { vCpus: 2, memoryGiB: 8 },
  Standard_B2as_v2: { vCpus: 2, memoryGiB: 8 },
} as const satisfies Record<string, VmSize>;

/** Name of an allowed size. */
export type VmSizeName = keyof typeof VM_SIZES;
