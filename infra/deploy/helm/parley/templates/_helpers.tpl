{{/* What objects are called, and what finds them. The context is the root, with a role where there is one. */}}

{{- define "parley.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "parley.selector" -}}
app.kubernetes.io/name: parley
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "parley.labels" -}}
{{ include "parley.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "parley.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end -}}
{{- end }}

{{/* One process: root, process (its part of the values). What the chart sets wins over settings, a role's over everybody's. */}}
{{- define "parley.environment" -}}
{{- $own := dict
  "PARLEY_HOST" "0.0.0.0"
  "PARLEY_PORT" "8080"
  "PARLEY_ADMIN_HOST" "0.0.0.0"
  "PARLEY_ADMIN_PORT" "9464"
  "PARLEY_DRAIN_MS" (mul .root.Values.drainSeconds 1000 | toString)
  "PARLEY_NATS_USER" .process.natsUser -}}
{{- range $key, $value := merge $own .process.settings .root.Values.settings }}
- name: {{ $key }}
  value: {{ $value | quote }}
{{- end }}
{{- range $key, $_ := merge (dict) .process.secrets .root.Values.secrets }}
- name: {{ $key }}_FILE
  value: /run/secrets/parley/{{ $key }}
{{- end }}
{{- end }}

{{- define "parley.container" -}}
image: {{ include "parley.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
env:
  {{- include "parley.environment" . | trim | nindent 2 }}
resources:
  {{- toYaml .process.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: secrets
    mountPath: /run/secrets/parley
    readOnly: true
{{- end }}

{{- define "parley.pod" -}}
automountServiceAccountToken: false
# The variables Kubernetes would add for Services (PARLEY_PORT=tcp://…) are no settings of ours, and would stop the start.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: secrets
    projected:
      defaultMode: 0440
      sources:
        {{- range $key, $secret := merge (dict) .process.secrets .root.Values.secrets }}
        - secret:
            name: {{ $secret.name }}
            items:
              - key: {{ $secret.key }}
                path: {{ $key }}
        {{- end }}
{{- end }}
