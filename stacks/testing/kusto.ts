// Reads KQL as Azure does, by Microsoft's own language service, against the tables of azure-monitor.json.
/// <reference types="@kusto/language-service-next" />
import { createRequire } from 'node:module';
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
 * What is wrong with a query: it does not parse, or names a table, column or function that there is none of. A member of a JSON
 * value (`line.msg`) may be called anything.
 */
export function problemsIn(query: string): string[] {
  const found = KustoCode.ParseAndAnalyze(query, globals)!.GetDiagnostics()!;
  return Array.from({ length: found.Count }, (_, index) => {
    const { Severity, Message, Start } = found.getItem(index)!;
    return `${Severity} at ${Start}: ${Message}`;
  });
}

/** What ingest's line about a run has, all that a query may ask for. */
export const LINE_MEMBERS = [...Object.keys(createSummary().take()), 'msg', 'outcome', 'durationMs', 'error'];

/** The members of that line which a query asks for. */
export const membersIn = (query: string): string[] =>
  [...query.matchAll(/line\.(\w+)/g)].map(([, member = '']) => member);

/** The queries of a page, as they are written. */
export const queriesIn = (page: string): string[] =>
  [...page.matchAll(/```kusto\n([\s\S]*?)\n```/g)].map(([, query = '']) => query);
