/**
 * Usage of a client's tokens, as plain numbers that can be added up.
 *
 * A token is early when the client already had a token for the same audience and scope, from the
 * same address, with more than half of its life left. If a fleet shares one client, devices at
 * different addresses do not affect each other, but devices behind one NAT do, since they cannot be
 * distinguished. So the numbers are a hint to the owner, never a reason to refuse.
 */

/** Tokens of one lifetime that end at about the same time. */
export interface LivingTokens {
  /** Unix seconds: when the last of them ends. */
  readonly end: number
  readonly lifetimeSeconds: number
  readonly issued: number
  readonly early: number
}

/** A client's counters: the totals, or what was added since they were last written. */
export interface ClientUsage {
  readonly client_id: string
  readonly tokens_issued: number
  readonly tokens_early: number
  /** Tokens above the quota, issued (`observe`) or refused (`enforce`). */
  readonly over_quota: number
  /** ISO 8601. */
  readonly last_issued_at: string | null
  /** In order of `end`. */
  readonly living: readonly LivingTokens[]
}

export interface SecretUsage {
  readonly secret_id: string
  readonly uses: number
  /** ISO 8601. */
  readonly last_used_at: string
  readonly address: string
  readonly user_agent: string | null
}

/** Uses of a secret, and the client that has it. */
export interface OwnedSecretUsage extends SecretUsage {
  readonly client_id: string
}

/** The logins of a client from one address, whose proof was right; also those then refused. */
export interface AddressUse {
  readonly client_id: string
  readonly address: string
  /** Unix seconds, like `last_seen`. */
  readonly first_seen: number
  readonly last_seen: number
  readonly logins: number
}

/** Addresses kept of a client: those it came from last. A fleet may share one client. */
export const MAX_ADDRESSES = 50

export interface UsageBatch {
  readonly clients: readonly ClientUsage[]
  readonly secrets: readonly OwnedSecretUsage[]
  /** Default: none. */
  readonly addresses?: readonly AddressUse[]
}

/** Tokens are grouped by when they end, in steps of this part of their lifetime. */
const STEPS_IN_LIFETIME = 24
/** A client has a few lifetimes, one for each audience; more groups than this are not kept. */
const MAX_LIVING = 240

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] }

/** Counters that are updated in place: see `countToken`. */
export type CountedTokens = Writable<Omit<ClientUsage, 'living'>> & {
  living: Writable<LivingTokens>[]
}
export type CountedUses = Writable<OwnedSecretUsage>
export type CountedAddress = Writable<AddressUse>

export function noUsage(client_id: string): CountedTokens {
  return {
    client_id,
    tokens_issued: 0,
    tokens_early: 0,
    over_quota: 0,
    last_issued_at: null,
    living: [],
  }
}

export interface OneToken {
  /** Unix seconds. */
  readonly iat: number
  readonly lifetimeSeconds: number
  readonly early: boolean
}

/** One token, as usage that can be added. */
export function usageOfToken(client_id: string, token: OneToken): ClientUsage {
  const usage = noUsage(client_id)
  countToken(usage, token)
  return usage
}

/**
 * Counts one token, in place. A new object for each token would live until the client's next one:
 * V8 promotes it to the old generation, where allocation and collection cost more.
 */
export function countToken(usage: CountedTokens, token: OneToken): void {
  usage.tokens_issued++
  countLiving(usage, token, 1, token.early ? 1 : 0)
}

/** Counts as early, in place, a token that is counted as issued elsewhere. */
export function countEarly(usage: CountedTokens, token: Omit<OneToken, 'early'>): void {
  countLiving(usage, token, 0, 1)
}

function countLiving(
  usage: CountedTokens,
  { iat, lifetimeSeconds }: Omit<OneToken, 'early'>,
  issued: number,
  early: number,
): void {
  const step = Math.ceil(lifetimeSeconds / STEPS_IN_LIFETIME)
  const end = Math.ceil((iat + lifetimeSeconds) / step) * step
  usage.tokens_early += early
  usage.last_issued_at = later(usage.last_issued_at, isoOfIssue(iat * 1000))
  const kinds = usage.living.length
  addTokens(usage.living, { end, lifetimeSeconds, issued, early })
  if (usage.living.length > kinds) usage.living = stillLiving(usage)
}

/**
 * Cached, since many tokens are issued in one millisecond, and formatting the time takes longer
 * than counting.
 */
function isoTexts(): (unixMs: number) => string {
  let lastMs = 0
  let text = new Date(0).toISOString()
  return (unixMs) => {
    if (unixMs !== lastMs) text = new Date(unixMs).toISOString()
    lastMs = unixMs
    return text
  }
}

const isoOfIssue = isoTexts()
const isoOfUse = isoTexts()

export function noUse(secret_id: string): CountedUses {
  const by = { client_id: '', address: '', user_agent: null }
  return { secret_id, uses: 0, last_used_at: '', ...by }
}

/** Counts one use, in place. */
export function countUse(
  usage: CountedUses,
  usedAtMs: number,
  by: Pick<OwnedSecretUsage, 'client_id' | 'address' | 'user_agent'>,
): void {
  const last_used_at = isoOfUse(usedAtMs)
  usage.uses++
  usage.client_id = by.client_id
  // A clock that steps back does not move the last use back, here as in `addSecretUsage`.
  if (last_used_at < usage.last_used_at) return
  usage.last_used_at = last_used_at
  usage.address = by.address
  usage.user_agent = by.user_agent
}

/** The sum of both; leaves out tokens that had ended when the last one was issued. */
export function addUsage(one: ClientUsage, other: ClientUsage): CountedTokens {
  const all = {
    client_id: one.client_id,
    tokens_issued: one.tokens_issued + other.tokens_issued,
    tokens_early: one.tokens_early + other.tokens_early,
    over_quota: one.over_quota + other.over_quota,
    last_issued_at: later(one.last_issued_at, other.last_issued_at),
    living: one.living.map((tokens) => ({ ...tokens })),
  }
  for (const tokens of other.living) addTokens(all.living, tokens)
  all.living = stillLiving(all)
  return all
}

export function addSecretUsage(one: OwnedSecretUsage, other: OwnedSecretUsage): CountedUses {
  const last = one.last_used_at > other.last_used_at ? one : other
  return { ...last, uses: one.uses + other.uses }
}

export function noLogin(): CountedAddress {
  return { client_id: '', address: '', first_seen: 0, last_seen: 0, logins: 0 }
}

/** Counts one login, in place. */
export function countLogin(
  use: CountedAddress,
  atSeconds: number,
  by: Pick<AddressUse, 'client_id' | 'address'>,
): void {
  if (use.logins === 0 || atSeconds < use.first_seen) use.first_seen = atSeconds
  if (atSeconds > use.last_seen) use.last_seen = atSeconds
  use.client_id = by.client_id
  use.address = by.address
  use.logins++
}

/** @param one of the same client and address as `other`. */
export function addAddressUse(one: AddressUse, other: AddressUse): CountedAddress {
  if (one.logins === 0) return { ...other }
  return {
    ...other,
    first_seen: Math.min(one.first_seen, other.first_seen),
    last_seen: Math.max(one.last_seen, other.last_seen),
    logins: one.logins + other.logins,
  }
}

/** At most `MAX_ADDRESSES` of each client, the last ones: the others would not be kept. */
export function lastAddresses<Use extends AddressUse>(all: readonly Use[]): Use[] {
  if (all.length <= MAX_ADDRESSES) return [...all]
  const byClient = Map.groupBy(all, ({ client_id }) => client_id)
  return [...byClient.values()].flatMap((uses) =>
    uses.length <= MAX_ADDRESSES
      ? uses
      : uses.sort((a, b) => b.last_seen - a.last_seen).slice(0, MAX_ADDRESSES),
  )
}

/** How many tokens are valid, and how many would be enough. */
export interface Waste {
  /** Issued and not ended, to within a 24th of their lifetime. Includes revoked tokens. */
  readonly tokens_valid: number
  /** Those of them that were early. */
  readonly tokens_valid_early: number
  /** At the rate of the last lifetime. */
  readonly tokens_per_day: number
  /** The valid tokens, divided by those that were not early. 1 is perfect. */
  readonly times_needed: number
}

export function wasteOf({ living }: ClientUsage, nowSeconds: number): Waste {
  const valid = living.filter(({ end }) => end > nowSeconds)
  const tokens_valid = sum(valid, ({ issued }) => issued)
  const tokens_valid_early = sum(valid, ({ early }) => early)
  const perDay = sum(valid, ({ issued, lifetimeSeconds }) => (issued * 86_400) / lifetimeSeconds)
  const needed = Math.max(1, tokens_valid - tokens_valid_early)
  return {
    tokens_valid,
    tokens_valid_early,
    tokens_per_day: Math.round(perDay),
    times_needed: Math.round((tokens_valid / needed) * 10) / 10,
  }
}

/** A few early tokens are a restart. */
export const MIN_EARLY_TOKENS = 3

/**
 * True when at least half of a client's valid tokens were requested long before they were needed.
 */
export function isWasteful({ tokens_valid, tokens_valid_early }: Waste): boolean {
  return tokens_valid_early >= MIN_EARLY_TOKENS && tokens_valid_early * 2 >= tokens_valid
}

function addTokens(living: Writable<LivingTokens>[], tokens: LivingTokens): void {
  const { end, lifetimeSeconds } = tokens
  const sum = living.find((one) => one.end === end && one.lifetimeSeconds === lifetimeSeconds)
  if (sum === undefined) living.push({ ...tokens })
  else {
    sum.issued += tokens.issued
    sum.early += tokens.early
  }
}

/** In order of `end`, without those that had ended when the last one was issued. */
function stillLiving({ living, last_issued_at }: CountedTokens): Writable<LivingTokens>[] {
  const nowSeconds = last_issued_at === null ? 0 : Date.parse(last_issued_at) / 1000
  const valid = living.filter(({ end }) => end > nowSeconds)
  return valid.sort((a, b) => a.end - b.end).slice(-MAX_LIVING)
}

function later(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
