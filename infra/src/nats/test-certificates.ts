// For tests: an authority and certificates signed by it, for 127.0.0.1 and localhost, as PEM files. Written out in DER (X.509,
// RFC 5280) because Node makes keys but no certificates, and a bare machine need not have openssl.
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** PEM: what a client is given. */
interface CertificateTexts {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where they are: what a server is told. */
export interface CertificateFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly texts: CertificateTexts;
}

/** One certificate, good for a server and for a client, and the authority that signed it. */
export async function writeCertificates(folder: string): Promise<CertificateFiles> {
  await mkdir(folder, { recursive: true });
  const authority = newKeys();
  const keys = newKeys();
  const authorityCertificate = certificate({
    subject: 'authority',
    keys: authority,
    signer: authority,
    isAuthority: true,
  });
  const ownCertificate = certificate({ subject: 'localhost', keys, signer: authority, isAuthority: false });
  const texts = {
    ca: toPem(authorityCertificate),
    cert: toPem(ownCertificate),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  const write = async (name: string, pem: string): Promise<string> => {
    await writeFile(path.join(folder, name), pem);
    return path.join(folder, name);
  };
  const caFile = await write('ca.crt', texts.ca);
  const certFile = await write('tls.crt', texts.cert);
  return { caFile, certFile, keyFile: await write('tls.key', texts.key), texts };
}

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const newKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });

interface CertificateOptions {
  readonly subject: string;
  readonly keys: Keys;
  readonly signer: Keys;
  readonly isAuthority: boolean;
}

function certificate({ subject, keys, signer, isAuthority }: CertificateOptions): Buffer {
  const serial = der(0x02, Buffer.from([1]), randomBytes(8));
  const validity = sequence(der(0x17, '200101000000Z'), der(0x17, '491231235959Z'));
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' });
  const extensions = explicit(3, sequence(isAuthority ? mayCertify : answersAt));
  const issuer = commonName('authority');
  const version3 = explicit(0, der(0x02, Buffer.from([2])));
  const content = sequence(
    version3,
    serial,
    ecdsaWithSha256,
    issuer,
    validity,
    commonName(subject),
    publicKey,
    extensions,
  );
  const signature = sign('sha256', content, signer.privateKey);
  return sequence(content, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
}

/** Tag, length, content. */
function der(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const explicit = (tag: number, part: Buffer): Buffer => der(0xa0 + tag, part);
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const commonName = (name: string): Buffer => sequence(der(0x31, sequence(objectId('550403'), der(0x0c, name))));
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
/** basicConstraints: an authority. */
const mayCertify = sequence(objectId('551d13'), der(0x04, sequence(der(0x01, Buffer.from([0xff])))));
/** subjectAltName: a DNS name and an IP address. */
const answersAt = sequence(
  objectId('551d11'),
  der(0x04, sequence(der(0x82, 'localhost'), der(0x87, Buffer.from([127, 0, 0, 1])))),
);

const toPem = (certificateDer: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${certificateDer.toString('base64')}\n-----END CERTIFICATE-----\n`;
