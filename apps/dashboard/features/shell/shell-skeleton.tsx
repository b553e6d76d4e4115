// The shell's shape while the session and the tenants are read.
import { Skeleton } from '../../ui/page.tsx';
import { Wordmark } from '../../ui/wordmark.tsx';
import styles from './shell.module.css';

export function ShellSkeleton() {
  return (
    <div className={styles.shell}>
      <header className={styles.top}>
        <Wordmark />
      </header>
      <main className={styles.main}>
        <h1 className="visually-hidden">mqtt-saas</h1>
        <Skeleton lines={6} />
      </main>
    </div>
  );
}
