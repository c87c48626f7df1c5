import {
  create,
  createFileRegistry,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
} from '@bufbuild/protobuf'
import {
  Edition,
  FeatureSet_FieldPresence,
  FeatureSet_Utf8Validation,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'

// The messages of ext_authz and of the health protocol, as far as they matter here, by their own names and numbers: for
// a reader and writer that has nothing to do with ours. Written down rather than generated, since what compiles a
// .proto file fetches itself when it is installed. A message is named, then come its fields: number, name, type; `*`
// marks what may come many times, `{}` a map of texts, `|` a member of the one `oneof` of its
// message, `~` what is written like Envoy does and not looked at by whoever judges.

const files = [
  `envoy/config/core/v3 envoy.config.core.v3
   SocketAddress: 1 protocol int32~, 2 address string, 3 port_value uint32~
   Pipe: 1 path string
   Address: 1 socket_address SocketAddress|, 2 pipe Pipe|~
   HeaderValue: 1 key string, 2 value string, 3 raw_value bytes
   HeaderMap: 1 headers HeaderValue*
   HeaderValueOption: 1 header HeaderValue, 2 append .google.protobuf.BoolValue, 3 append_action int32`,
  `envoy/type/v3 envoy.type.v3
   HttpStatus: 1 code int32`,
  `google/rpc google.rpc
   Status: 1 code int32, 2 message string`,
  `envoy/service/auth/v3 envoy.service.auth.v3
   Peer: 1 address .envoy.config.core.v3.Address, 2 service string~, 4 principal string~, 5 certificate string~
   HttpRequest: 1 id string~, 2 method string, 3 headers {}, 4 path string, 5 host string, 6 scheme string, 7 query string~, 8 fragment string~, 9 size int32~, 10 protocol string~, 11 body string~, 12 raw_body bytes~, 13 header_map .envoy.config.core.v3.HeaderMap
   Request: 2 http HttpRequest
   AttributeContext: 1 source Peer, 2 destination Peer~, 4 request Request, 10 context_extensions {}
   CheckRequest: 1 attributes AttributeContext
   DeniedHttpResponse: 1 status .envoy.type.v3.HttpStatus, 2 headers .envoy.config.core.v3.HeaderValueOption*, 3 body string
   OkHttpResponse: 2 headers .envoy.config.core.v3.HeaderValueOption*, 5 headers_to_remove string*
   CheckResponse: 1 status .google.rpc.Status, 2 denied_response DeniedHttpResponse|, 3 ok_response OkHttpResponse|, 4 dynamic_metadata .google.protobuf.Struct`,
  `grpc/health/v1 grpc.health.v1
   HealthCheckRequest: 1 service string
   HealthCheckResponse: 1 status int32`,
]

// The rules of proto3, but for its insistence on UTF-8 in every string: whoever looks at one checks it.
const features = {
  fieldPresence: FeatureSet_FieldPresence.IMPLICIT,
  utf8Validation: FeatureSet_Utf8Validation.NONE,
}

const scalars = new Map([
  ['string', Type.STRING],
  ['bytes', Type.BYTES],
  ['int32', Type.INT32],
  ['uint32', Type.UINT32],
])

type Keep = (field: string) => boolean

function fileOf(text: string, keep: Keep) {
  const [[path = '', name = ''] = [], ...messages] = text
    .split('\n')
    .map((line) => line.trim().split(/ (.*)/s))
  return {
    name: `${path}/all.proto`,
    package: name,
    syntax: 'editions',
    edition: Edition.EDITION_2023,
    options: { features },
    dependency: [
      'google/protobuf/struct.proto',
      'google/protobuf/wrappers.proto',
      ...(path === 'envoy/service/auth/v3'
        ? ['envoy/config/core/v3/all.proto', 'envoy/type/v3/all.proto', 'google/rpc/all.proto']
        : []),
    ],
    messageType: messages.map(([title = '', fields = '']) =>
      messageOf(title.replace(':', ''), fields.split(', ').filter(keep), name),
    ),
  }
}

function messageOf(name: string, fields: readonly string[], scope: string) {
  const specs = fields.map((field) => {
    const [number = '', title = '', type = ''] = field.split(' ')
    return { number: Number(number), name: title, type }
  })
  return {
    name,
    field: specs.map((spec) => fieldOf(spec, name, scope)),
    nestedType: specs.filter(({ type }) => type === '{}').map(({ name: of }) => entryOf(of)),
    oneofDecl: specs.some(({ type }) => type.includes('|')) ? [{ name: 'either' }] : [],
  }
}

const entryName = (field: string) =>
  `${field.replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}Entry`

const textField = (number: number, name: string) => ({
  number,
  name,
  type: Type.STRING,
  label: Label.OPTIONAL,
})

const entryOf = (field: string) => ({
  name: entryName(field),
  field: [textField(1, 'key'), textField(2, 'value')],
  options: { mapEntry: true },
})

function fieldOf(
  { number, name, type }: { number: number; name: string; type: string },
  message: string,
  scope: string,
) {
  const bare = type.replace(/[*|]?~?$/, '')
  const many = type === '{}' || type.includes('*')
  const label = many ? Label.REPEATED : Label.OPTIONAL
  const choice = type.includes('|') ? { oneofIndex: 0 } : {}
  const scalar = scalars.get(bare)
  if (scalar !== undefined) return { number, name, label, type: scalar, ...choice }
  const local = type === '{}' ? `.${scope}.${message}.${entryName(name)}` : `.${scope}.${bare}`
  const typeName = bare.startsWith('.') ? bare : local
  return { number, name, label, type: Type.MESSAGE, typeName, ...choice }
}

function schemas(keep: Keep) {
  const registry = createFileRegistry(
    create(FileDescriptorSetSchema, {
      file: [
        file_google_protobuf_struct.proto,
        file_google_protobuf_wrappers.proto,
        ...files.map((text) => fileOf(text, keep)),
      ],
    }),
  )
  return (name: string): DescMessage => {
    const found = registry.getMessage(name)
    if (!found) throw new TypeError(`no message ${name}`)
    return found
  }
}

const schema = schemas(() => true)
const checkRequest = schema('envoy.service.auth.v3.CheckRequest')
const checkResponse = schema('envoy.service.auth.v3.CheckResponse')
const healthResponse = schema('grpc.health.v1.HealthCheckResponse')
const judgedRequest = schemas((field) => !field.endsWith('~'))('envoy.service.auth.v3.CheckRequest')

export interface HeaderPair {
  readonly key: string
  readonly value?: string
  readonly rawValue?: Uint8Array
}

/** A request as the judge writes and reads it. */
export interface CheckInit {
  readonly attributes?: {
    readonly source?: object
    readonly destination?: object
    readonly request?: {
      readonly http?: {
        readonly id?: string
        readonly method?: string
        readonly headers?: Readonly<Record<string, string>>
        readonly path?: string
        readonly host?: string
        readonly scheme?: string
        readonly size?: number
        readonly protocol?: string
        readonly body?: string
        readonly rawBody?: Uint8Array
        readonly headerMap?: { readonly headers: readonly HeaderPair[] }
      }
    }
    readonly contextExtensions?: Readonly<Record<string, string>>
  }
}

/** A source with an address of IP. */
export function peer(address: string) {
  return {
    address: { either: { case: 'socketAddress', value: { address, portValue: 41_234 } } },
  }
}

/** A message by the judge. */
export function encodeCheck(init: CheckInit): Buffer {
  return Buffer.from(
    toBinary(checkRequest, create(checkRequest, init as MessageInitShape<DescMessage>)),
  )
}

/** What the judge reads of a message; throws where there is none. */
export function judgeCheck(bytes: Uint8Array): CheckInit {
  return fromBinary(judgedRequest, bytes) as CheckInit
}

export interface HeaderOption {
  readonly header: { readonly key: string; readonly value: string }
  readonly append?: boolean
}

/** An answer as the judge reads it. */
export interface CheckAnswer {
  readonly status: { readonly code: number }
  readonly either:
    | { readonly case: undefined }
    | {
        readonly case: 'deniedResponse'
        readonly value: {
          readonly status: { readonly code: number }
          readonly headers: readonly HeaderOption[]
          readonly body: string
        }
      }
    | {
        readonly case: 'okResponse'
        readonly value: {
          readonly headers: readonly HeaderOption[]
          readonly headersToRemove: readonly string[]
        }
      }
  readonly dynamicMetadata?: Readonly<Record<string, unknown>>
}

/** What the judge reads of an answer. */
export function decodeAnswer(bytes: Uint8Array): CheckAnswer {
  return fromBinary(checkResponse, bytes) as unknown as CheckAnswer
}

/** The status in an answer about health. */
export function decodeHealth(bytes: Uint8Array): number {
  return (fromBinary(healthResponse, bytes) as unknown as { status: number }).status
}
