import { spawn, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { answers, firstLine, freePort, type Running, start, toRunning } from './processes.ts'

/** `node:http` and an undici pool, and nothing else. */
export async function startBareProxy(server: string): Promise<Running> {
  const child = start([join(import.meta.dirname, 'bare-proxy.mjs'), server], {})
  return toRunning(child, await firstLine(child, 'stdout', () => true))
}

/** nginx with one worker and `proxy_pass`; undefined where it is not installed. */
export async function startNginx(folder: string, server: string): Promise<Running | undefined> {
  if (spawnSync('nginx', ['-v']).error) return undefined
  const port = await freePort()
  const config = join(folder, 'nginx.conf')
  await writeFile(config, toConfig(folder, port, new URL(server)))
  const child = spawn('nginx', ['-p', folder, '-c', config, '-g', 'daemon off; master_process off;'])
  await answers(`http://127.0.0.1:${port}/mcp`)
  return toRunning(child, `http://127.0.0.1:${port}/mcp`)
}

const toConfig = (folder: string, port: number, { host }: URL): string => `
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}; proxy_temp_path ${folder};
  fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  keepalive_requests 1000000;
  upstream server { server ${host}; keepalive 128; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`
