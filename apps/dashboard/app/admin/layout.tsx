'use client';
import type { ReactNode } from 'react';
import { QueryProvider } from '../../features/session/queries.tsx';
import { Guard } from '../../features/shell/guard.tsx';
import { ToastProvider } from '../../ui/toasts.tsx';

export default function AdminLayout({ children }: { children: ReactNode }) {
  return (
    <QueryProvider>
      <ToastProvider>
        <Guard>{children}</Guard>
      </ToastProvider>
    </QueryProvider>
  );
}
