'use client';
import { useRouter } from 'next/navigation';
import { useEffect } from 'react';
import { ShellSkeleton } from '../features/shell/shell-skeleton.tsx';

/** The front page is the list of devices; who is not signed in is sent on from there. */
export default function FrontPage() {
  const router = useRouter();
  useEffect(() => router.replace('/admin/devices'), [router]);
  return <ShellSkeleton />;
}
