import type { TSchema } from 'typebox'
import packageJson from '../../package.json' with { type: 'json' }
import { parameterSchema, parametersOf, type Operation } from './operation.ts'
import { operations } from './operations.ts'
import type { Json } from '../store/hash-chain.ts'
import type { Members } from './outcome.ts'
import { failure } from './schemas.ts'

/** Describes the API in OpenAPI 3.1, from the table of operations and the schemas that requests are checked by. */
export function describeApi(): Members {
  const paths: Record<string, Record<string, Json>> = {}
  for (const [id, operation] of Object.entries(operations)) {
    const { path, method } = operation
    paths[path] = { ...paths[path], [method.toLowerCase()]: describe(id, operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Warder management API',
      version: packageJson.version,
      description:
        'Organizations, environments, gateways and their credentials. Errors have one shape on every status.',
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Error: schemaOf(failure) },
      securitySchemes: {
        administrator: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        client: { type: 'http', scheme: 'basic' },
      },
    },
  }
}

function describe(id: string, operation: Operation): Json {
  const { summary, access, accepts, status, answer } = operation
  const body = bodyOf(operation)
  const good = answer
    ? { description: summary, content: { 'application/json': { schema: schemaOf(answer) } } }
    : { description: summary }
  return {
    operationId: id,
    summary,
    'x-warder-access': { ...access },
    security: securityOf(access.kind === 'public', accepts),
    parameters: [...pathParameters(operation), ...queryParameters(operation)],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      [status]: good,
      default: {
        description: 'An error',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function securityOf(open: boolean, accepts: Operation['accepts']): Json {
  if (accepts === 'form') return [{ client: [] }]
  // Or in the body.
  if (accepts === 'form-or-json') return [{ client: [] }, {}]
  return open ? [] : [{ administrator: [] }]
}

function pathParameters({ path }: Operation): readonly Json[] {
  return parametersOf(path).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: schemaOf(parameterSchema(name)),
  }))
}

function queryParameters({ query }: Operation): readonly Json[] {
  return Object.entries(query.properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: schemaOf(schema),
  }))
}

const [json, form] = ['application/json', 'application/x-www-form-urlencoded']
const typesOf = { json: [json], form: [form], 'form-or-json': [form, json] }

function bodyOf({ accepts, body }: Operation): Json | undefined {
  if (accepts === 'nothing') return undefined
  const required = body.required !== undefined && body.required.length > 0
  const content = typesOf[accepts].map((type) => [type, { schema: schemaOf(body) }])
  return { required, content: Object.fromEntries(content) }
}

/** A schema without what its library keeps in it for itself. */
function schemaOf(schema: TSchema): Json {
  const plain: Json = JSON.parse(JSON.stringify(schema))
  return plain
}
