/** What parts of the page without state of their own come to, without a browser. */

import type { ComponentChild, VNode } from "preact";

const isNode = (child: ComponentChild): child is VNode<Record<string, unknown>> => typeof child === "object" && child !== null && "type" in child;

/** All elements of a tree, parts of the page replaced by what they return. */
export function elements(child: ComponentChild | ComponentChild[]): VNode<Record<string, unknown>>[] {
  if (Array.isArray(child)) return child.flatMap(elements);
  if (!isNode(child)) return [];
  const { type, props } = child;
  if (typeof type === "function") return elements((type as (props: object) => ComponentChild)(props));
  return [child, ...elements(props.children as ComponentChild)];
}

/** The text of a tree. */
export function textOf(child: ComponentChild | ComponentChild[]): string {
  if (Array.isArray(child)) return child.map(textOf).join("");
  if (typeof child === "string" || typeof child === "number") return String(child);
  if (!isNode(child)) return "";
  const { type, props } = child;
  return textOf(typeof type === "function" ? (type as (props: object) => ComponentChild)(props) : (props.children as ComponentChild));
}

/** The text of the one element with this test id; null where there is none. */
export function said(child: ComponentChild, testid: string): string | null {
  const found = elements(child).find(({ props }) => props["data-testid"] === testid);
  return found ? textOf(found) : null;
}
