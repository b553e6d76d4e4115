// The tenant's settings: what an owner changes, and what others see of it.
import { inject, test } from 'vitest';
import { openAs, withBrowser } from './browser.ts';

withBrowser();
