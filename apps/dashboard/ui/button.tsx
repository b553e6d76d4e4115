// Buttons, and links that look like them.
import type { ButtonHTMLAttributes, ComponentProps } from 'react';
import styles from './button.module.css';
import { classes } from './classes.ts';
import { Link } from './link.tsx';

/** `primary`: the one thing to do on a page. `quiet`: without a border. Default: with a border. */
export type Variant = 'primary' | 'danger' | 'quiet' | 'plain';

interface Look {
  variant?: Variant;
  /** As wide as its container. */
  wide?: boolean;
  /** Only an icon: give it an `aria-label`. */
  icon?: boolean;
}

const look = ({ variant = 'plain', wide, icon }: Look, more?: string) =>
  classes(styles.button, styles[variant], wide && styles.wide, icon && styles.icon, more);

type Props = ButtonHTMLAttributes<HTMLButtonElement> & Look & { busy?: boolean };

/** `busy` shows that its work is under way, and refuses a second click without losing the focus. */
export function Button({ variant, wide, icon, busy, className, onClick, type = 'button', children, ...rest }: Props) {
  return (
    <button
      type={type}
      className={look({ variant, wide, icon }, className)}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {children}
    </button>
  );
}

export function ButtonLink({ variant, wide, icon, className, ...rest }: ComponentProps<typeof Link> & Look) {
  return <Link className={look({ variant, wide, icon }, className)} {...rest} />;
}
