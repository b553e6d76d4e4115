'use client';
// The button that switches to the next theme.
import { Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { currentTheme, setTheme, THEMES, type Theme } from './theme.ts';

const ICONS = { system: Monitor, light: Sun, dark: Moon };

export function ThemeChoice() {
  const [theme, setShown] = useState<Theme>(currentTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
  const Icon = ICONS[theme];
  return (
    <Button
      variant="quiet"
      icon
      aria-label={`Theme: ${theme}. Switch to ${next}`}
      title={`Theme: ${theme}`}
      onClick={() => {
        setTheme(next);
        setShown(next);
      }}
    >
      <Icon aria-hidden />
    </Button>
  );
}
