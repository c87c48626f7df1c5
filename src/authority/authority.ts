import type { SecureContextOptions } from 'node:tls'
import { Server as TlsServer } from 'node:tls'
import type { Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createGuard } from './access.ts'
import { createApiClients } from './api-clients.ts'
import { createApiCredentialRotationRoutes } from './api-credential-rotation.ts'
import { createApiCredentialRoutes } from './api-credentials.ts'
import { createApiTokenRoutes, type ApiTokenParts } from './api-token-endpoint.ts'
import { createAccessTokenJudge } from './access-tokens.ts'
import { createAdministratorRoutes } from './administrators.ts'
import { createAuditRoutes } from './audit.ts'
import { createBackground } from './background.ts'
import { createClientSecrets } from './client-secrets.ts'
import { createCredentialRoutes } from './credentials.ts'
import { createDispatch } from './dispatch.ts'
import { createIsElsewhere } from './elsewhere.ts'
import { createEnvironmentRoutes } from './environments.ts'
import { createExplainRoutes, type ExplainParts, type Recall } from './explain.ts'
import { createFailedAccess } from './failed-access.ts'
import { createFeedKeyRoutes, type FeedKeyParts } from './feed-keys.ts'
import { openFeed, type FeedParts } from './feed/feed.ts'
import type { Installation } from './first-start.ts'
import { createGatewayRoutes } from './gateways.ts'
import { createGuessLimit } from './guess-limit.ts'
import { joinFleets } from './joint-fleet.ts'
import { createKeyRotation } from './key-rotation.ts'
import { watchKeys } from './key-watch.ts'
import { createKeyRoutes, type KeyParts } from './keys.ts'
import { createLocalFeed, type LocalFeed } from './local-feed.ts'
import { createAuthorityMetrics } from './metrics.ts'
import { createOpenRoutes } from './open-routes.ts'
import { createRevokedAlarm, type RevokedPresented } from './revoked-presented.ts'
import { createServerOf, type AuthorityTls } from './server.ts'
import type { AuthoritySettings } from './settings.ts'
import { createSettle } from './settling.ts'
import { openSigningKeys } from './signing-keys.ts'
import { createStatusLists } from './status-list.ts'
import { createRingImport } from './imported-ring.ts'
import { createTokenJudge } from './token-judge.ts'
import { createTokenQuestionRoutes, type TokenQuestionParts } from './token-questions.ts'
import { createTokenRoutes, type TokenParts } from './token-endpoint.ts'
import { recordUsage, type Use } from './usage.ts'
import { createVerifierRoutes, type VerifierParts } from './verifiers.ts'
import { createWrite } from './writing.ts'

/** Where the authority listens. */
type ListenAt =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** The control plane. */
export interface Authority {
  /** For verifiers in this process. */
  readonly feed: LocalFeed
  readonly recordUsage: (uses: readonly Use[]) => Promise<void>
  /** Takes that revoked credentials were presented to a verifier in this process. */
  readonly revokedPresented: (
    presented: readonly RevokedPresented[],
    verifier: string,
  ) => Promise<void>
  /** What keeps it from doing its work, if anything does. */
  readonly trouble: () => string | undefined
  /** Takes new certificates for the connections that come. */
  readonly setTls: (tls: Pick<SecureContextOptions, 'cert' | 'key' | 'ca'>) => void
  /** Resolves to where it listens. */
  readonly listen: (at: ListenAt) => Promise<string>
  /** Ends what is under way; the store is for who opened it to close. */
  readonly close: () => Promise<void>
}

export interface AuthorityParts {
  readonly store: Store
  readonly installation: Installation
  readonly settings: AuthoritySettings
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly tls?: AuthorityTls | undefined
  /** Asks a verifier in this process about a refusal. */
  readonly recall?: Recall
}

/** Assembles the authority; it does not listen yet. */
export async function createAuthority(parts: AuthorityParts): Promise<Authority> {
  const { store, installation, settings, clock, log, recall } = parts
  const { roots, epoch } = installation
  const { revocationWaitMs: waitMs } = settings
  const metrics = createAuthorityMetrics(parts.metrics)
  const keys = await openSigningKeys({ store, roots, settings })
  const keyWatch = watchKeys(store, keys, log)
  const secrets = createClientSecrets(roots)
  const background = createBackground(store, log)
  const onRevokedPresented = createRevokedAlarm({ store, clock, log, background, ...metrics })
  const common = { store, clock, log, secrets }
  const toFeed = { ...common, roots, epoch, background, waitMs, onRevokedPresented }
  const { localFeed, feed, fleet } = await openFeeds(toFeed)
  const rotation = createKeyRotation({ store, clock, fleet, keys, log, waitMs })
  const onFailed = createFailedAccess(background, clock)
  const settle = createSettle({ fleet, clock, waitMs, background, ...metrics })
  const clients = createApiClients({ ...common, onFailed })
  const statusLists = createStatusLists({ store, clock, keys, settings })
  const write = createWrite({ store, clock, epoch })
  const shared = { store, clock, settings, keys, secrets, fleet, write, roots, rotation }
  const routes = routesOf({
    ...shared,
    limit: createGuessLimit(clock),
    recall,
    clients,
    ...judgesOf(store, clock),
    epoch,
    settle,
    background,
    onFailed,
    onVerifierRevoked: feed.drop,
    feedKeys: feed.keys,
  })
  const guards = {
    guard: createGuard({ store, keys, clock }),
    isElsewhere: createIsElsewhere(store),
  }
  const server = createServerOf({
    routes,
    dispatch: createDispatch({ ...guards, settle, log, onFailed }),
    log,
    limits: settings.limits,
    tls: parts.tls,
    aside: (request, response) => feed.serve(request, response) || statusLists(request, response),
    onAnswer: metrics.onAnswer,
  })
  await rotation.resume()
  return {
    feed: localFeed,
    recordUsage: (uses) => recordUsage({ store, clock }, uses),
    revokedPresented: (presented, name) =>
      onRevokedPresented(presented, { name, environmentIds: undefined }),
    trouble: feed.trouble,
    ...listenerOf(server, parts.tls?.ca),
    // A feed would keep its connection open for ever.
    close: inTurn([feed], [server], [rotation, keyWatch, localFeed], [background, clients]),
  }
}

interface Closable {
  readonly close: () => unknown
}

/** Closes some parts after others. */
function inTurn(...groups: readonly (readonly Closable[])[]): () => Promise<void> {
  return async () => {
    for (const group of groups) await Promise.all(group.map((part) => part.close()))
  }
}

function listenerOf(
  app: ReturnType<typeof createServerOf>,
  firstCa: AuthorityTls['ca'],
): Pick<Authority, 'setTls' | 'listen'> {
  const { server } = app
  let knownCa = firstCa
  return {
    setTls(tls) {
      if (!(server instanceof TlsServer)) return
      server.setSecureContext(tls)
      // Who is connected was let in by the CAs of before.
      if (String(tls.ca) !== String(knownCa)) server.closeAllConnections()
      knownCa = tls.ca
    },
    listen: (at) =>
      app.listen(at.kind === 'tcp' ? { host: at.host, port: at.port } : { path: at.path }),
  }
}

/** What says of tokens whether they count. */
function judgesOf(store: Store, clock: Clock) {
  const importRing = createRingImport()
  return {
    judgeAccessToken: createAccessTokenJudge(store, clock, importRing),
    judgeToken: createTokenJudge(store, clock, importRing),
  }
}

/** The feed in this process, the feed over the network, and the fleet that both make. */
async function openFeeds(parts: FeedParts) {
  const localFeed = createLocalFeed(parts)
  const feed = await openFeed(parts)
  return { localFeed, feed, fleet: joinFleets([localFeed, feed.fleet]) }
}

type RouteParts = KeyParts &
  FeedKeyParts &
  TokenParts &
  ApiTokenParts &
  VerifierParts &
  ExplainParts &
  TokenQuestionParts

function routesOf(parts: RouteParts) {
  return [
    ...createEnvironmentRoutes(parts),
    ...createGatewayRoutes(parts),
    ...createCredentialRoutes(parts),
    ...createExplainRoutes(parts),
    ...createAdministratorRoutes(parts),
    ...createApiCredentialRoutes(parts),
    ...createApiCredentialRotationRoutes(parts),
    ...createVerifierRoutes(parts),
    ...createKeyRoutes(parts),
    ...createFeedKeyRoutes(parts),
    ...createAuditRoutes(parts),
    ...createOpenRoutes(parts),
    ...createTokenRoutes(parts),
    ...createApiTokenRoutes(parts),
    ...createTokenQuestionRoutes(parts),
  ]
}
