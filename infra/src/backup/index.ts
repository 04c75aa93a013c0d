// Backups of the log, taken while it serves and restored into an empty NATS.
export { BackupRefused, type Manifest } from './manifest.ts';
export { checkBackup, restoreBackup, type CheckedBackup } from './restore-backup.ts';
export { takeBackup } from './take-backup.ts';
