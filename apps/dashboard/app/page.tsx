'use client';
import { useRouter } from 'next/navigation';
import { useEffect } from 'react';
import { ShellSkeleton } from '../features/shell/shell-skeleton.tsx';

/** The front page is the list of devices; people who are not signed in are redirected from there. */
export default function FrontPage() {
  const router = useRouter();
  useEffect(() => router.replace('/admin/devices'), [router]);
  return <ShellSkeleton />;
}
