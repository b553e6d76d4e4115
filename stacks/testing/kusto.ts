// Checks KQL queries as Azure does, with Microsoft's own language service, against the tables of azure-monitor.json.
/// <reference types="@kusto/language-service-next" />
import { createRequire } from 'node:module';
import { FIGURES } from '../../functions/health/figures.ts';
import { createSummary } from '../../functions/ingest/accounting.ts';
import azure from './azure-monitor.json' with { type: 'json' };

// The service is C#, compiled to scripts that put their namespaces onto the global object.
const require = createRequire(import.meta.url);
require('@kusto/language-service-next/bridge.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.js');
const { GlobalState, KustoCode, Symbols } = Kusto.Language;

const tables = Object.entries(azure.tables).map(([name, { columns }]) => {
  const schema = Object.entries(columns).map(([column, type]) => `['${column}']: ${type}`);
  return new Symbols.TableSymbol.$ctor7(name, `(${schema.join(', ')})`, null);
});
const globals = GlobalState.Default!.WithDatabase(new Symbols.DatabaseSymbol.ctor('logs', tables));

/**
 * The errors of a query: it does not parse, or names an unknown table, column or function. A member of a JSON value (`line.msg`) may
 * have any name.
 */
export function problemsIn(query: string): string[] {
  const found = KustoCode.ParseAndAnalyze(query, globals)!.GetDiagnostics()!;
  return Array.from({ length: found.Count }, (_, index) => {
    const { Severity, Message, Start } = found.getItem(index)!;
    return `${Severity} at ${Start}: ${Message}`;
  });
}

/** The members of the line that ingest logs about a run: all that a query may ask for. */
export const LINE_MEMBERS = [...Object.keys(createSummary().take()), 'msg', 'outcome', 'durationMs', 'error'];

/** The members of the line with the platform's figures. */
export const FIGURE_MEMBERS = [
  ...Object.keys(FIGURES),
  'ingest_last_run_age_seconds',
  'database_size_bytes',
  'devices',
  'msg',
];

/** The members of that line that a query asks for. */
export const membersIn = (query: string): string[] =>
  [...query.matchAll(/line\.(\w+)/g)].map(([, member = '']) => member);

/** The queries of a page, as written there. */
export const queriesIn = (page: string): string[] =>
  [...page.matchAll(/```kusto\n([\s\S]*?)\n```/g)].map(([, query = '']) => query);
