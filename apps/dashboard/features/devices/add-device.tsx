'use client';
import { Dialog } from '../../ui/dialog.tsx';

export function AddDevice({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Add a device" onClose={onClose}>
      …
    </Dialog>
  );
}
