export { authenticator, bearerOf, type KnownSources, sourceKey, systemAuthenticator } from './auth/authenticate';
export { accountsOf, callerName, DEFAULT_ACCOUNT, homeAccount, type Principal } from './auth/principal';
export {
  type ChatClaims,
  type SourceClaims,
  sameSecret,
  signChatToken,
  signResumeToken,
  signSourceToken,
  verifyChatToken,
  verifyResumeToken,
  verifySourceToken,
} from './auth/tokens';
export { isUnavailable, Outage, untilAvailable, type WaitOptions } from './availability';
export { type Config, ConfigError, loadConfig } from './config/config';
export { ensureSecret, secretFiles } from './config/secrets';
export { type Setting, type SettingName, settings } from './config/settings';
export { AppError, type ErrorCode, errorStatus, type FieldError } from './errors';
export { EventWriter } from './event-writer';
export { createApp, errorReply } from './http/app';
export { type Authenticator, Call, type Reply, type Route } from './http/route';
export { createLogger } from './logger';
export { maintainLog } from './maintenance';
export { type OpenedLog, openLog } from './open';
export { type OtherLog, warnOfOtherLog } from './other-log';
export {
  EXIT_CONFIG,
  type Readiness,
  type RunningService,
  runService,
  type ServiceContext,
  type ServiceParts,
  type StartService,
  startService,
} from './service';
export { Table, type TableContext } from './table';
