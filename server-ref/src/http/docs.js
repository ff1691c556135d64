// Shows the description in /api/openapi.json. All values are inserted as text, never as HTML.
'use strict';

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Returns an example for a schema: its field names with their types. Each reference is followed only once.
function example(api, schema, seen = []) {
  if (!schema) return null;
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    if (seen.includes(name)) return name;
    return example(api, api.components.schemas[name], [...seen, name]);
  }
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => example(api, part, seen)));
  const choice = schema.oneOf || schema.anyOf;
  if (choice) return example(api, choice.find((one) => one.type !== 'null'), seen);
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.properties) {
    const entries = Object.entries(schema.properties);
    return Object.fromEntries(entries.map(([name, inner]) => [name, example(api, inner, seen)]));
  }
  if (schema.items) return [example(api, schema.items, seen)];
  return [].concat(schema.type || 'any').join(' | ');
}

function json(api, content) {
  const schema = content?.['application/json']?.schema;
  return schema && element('pre', JSON.stringify(example(api, schema), null, 2));
}

function operation(api, path, method, described) {
  const details = element('details');
  const summary = element('summary');
  summary.append(element('span', method, { class: 'method' }), element('code', path), ' ');
  summary.append(element('span', described.summary || '', { class: 'about' }));
  details.append(summary);
  if (described.description) details.append(element('p', described.description));
  for (const one of described.parameters || []) {
    const line = element('p');
    line.append(element('code', one.name), ` in ${one.in}${one.required ? ', required' : ''}`);
    if (one.description) line.append(`: ${one.description}`);
    details.append(line);
  }
  const body = json(api, described.requestBody?.content);
  if (body) details.append(element('h4', 'Request'), body);
  for (const [status, response] of Object.entries(described.responses || {})) {
    details.append(element('h4', `${status} ${response.description || ''}`));
    const answer = json(api, response.content);
    if (answer) details.append(answer);
  }
  return details;
}

function show(api) {
  const main = document.getElementById('main');
  main.replaceChildren(element('p', api.info.description));
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      if (!described.responses) continue;
      const tag = described.tags?.[0] || 'other';
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(api, path, method, described));
    }
  }
  for (const [tag, operations] of groups) main.append(element('h2', tag), ...operations);
  const raw = element('p');
  raw.append(element('a', 'OpenAPI description', { href: '/api/openapi.json' }));
  main.append(raw);
}

fetch('/api/openapi.json')
  .then((response) => response.json())
  .then(show)
  .catch((error) => document.getElementById('main').replaceChildren(element('p', `Could not be shown: ${error}`)));
