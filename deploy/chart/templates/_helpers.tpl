{{- define "netcheck.name" -}}
{{- .Values.nameOverride | default (ternary .Release.Name (printf "%s-netcheck" .Release.Name) (contains "netcheck" .Release.Name)) | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "netcheck.selector" -}}
app.kubernetes.io/name: netcheck-{{ .part }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "netcheck.labels" -}}
{{ include "netcheck.selector" . }}
app.kubernetes.io/part-of: netcheck
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "netcheck.image" -}}
{{- $tag := .image.tag | default .root.Chart.AppVersion -}}
{{ .image.repository }}{{ if .image.digest }}@{{ .image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end -}}

{{- define "netcheck.env" -}}
- name: NETCHECK_DATA_DIR
  value: /data
- name: NETCHECK_LOG_LEVEL
  value: {{ .Values.logLevel }}
- name: NETCHECK_CLUSTER
  value: {{ .Values.cluster.name }}
- name: NETCHECK_MAX_CHECKS
  value: {{ .Values.cluster.maxChecks | quote }}
- name: NETCHECK_REDIS_PREFIX
  value: {{ .Values.redis.prefix | quote }}
{{- if .Values.redis.enabled }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ required "redis.existingSecret: the name of a Secret with the key password" .Values.redis.existingSecret }}
      key: password
- name: NETCHECK_REDIS_URL
  value: redis://:$(REDIS_PASSWORD)@{{ include "netcheck.name" . }}-redis:6379/0
{{- else }}
- name: NETCHECK_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "redis.existingSecret: the name of a Secret with the key url (or redis.enabled: true)" .Values.redis.existingSecret }}
      key: url
{{- end }}
- name: NETCHECK_ARTIFACT_DAYS
  value: {{ .Values.captures.days | quote }}
- name: NETCHECK_ARTIFACT_QUOTA_GB
  value: {{ .Values.captures.quotaGb | quote }}
{{- with .Values.captures.s3 }}
{{- if .bucket }}
- name: NETCHECK_S3_BUCKET
  value: {{ .bucket }}
- name: NETCHECK_S3_REGION
  value: {{ .region }}
{{- with .endpoint }}
- name: NETCHECK_S3_ENDPOINT
  value: {{ . }}
{{- end }}
{{- with .prefix }}
- name: NETCHECK_S3_PREFIX
  value: {{ . }}
{{- end }}
{{- with .existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef: { name: {{ . }}, key: access-key-id }
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef: { name: {{ . }}, key: secret-access-key }
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.metrics.enabled }}
- name: NETCHECK_METRICS_PORT
  value: {{ .Values.metrics.port | quote }}
{{- end }}
{{- with .Values.traces.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end -}}

{{- /* What bot and worker pods have alike: nobody special, nothing writable but /data and /tmp. */ -}}
{{- define "netcheck.podSecurity" -}}
runAsNonRoot: true
{{- if not .Values.openshift.enabled }}
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
{{- end }}
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "netcheck.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- define "netcheck.probes" -}}
{{- if .Values.metrics.enabled }}
livenessProbe:
  httpGet: { path: /livez, port: metrics }
  periodSeconds: 20
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: metrics }
  periodSeconds: 10
{{- else if .http }}
readinessProbe:
  tcpSocket: { port: slack }
  periodSeconds: 10
livenessProbe:
  tcpSocket: { port: slack }
  periodSeconds: 20
  failureThreshold: 6
{{- end }}
{{- end -}}

{{- define "netcheck.dataVolume" -}}
- name: tmp
  emptyDir: { sizeLimit: 256Mi }
- name: data
{{- if .part.persistence.existingClaim }}
  persistentVolumeClaim: { claimName: {{ .part.persistence.existingClaim }} }
{{- else if .part.persistence.enabled }}
  persistentVolumeClaim: { claimName: {{ include "netcheck.name" .root }}-{{ .name }} }
{{- else }}
  emptyDir: { sizeLimit: {{ .part.persistence.size }} }
{{- end }}
{{- end -}}

{{- /* A claim that one pod at a time may use takes Recreate, and one replica. */ -}}
{{- define "netcheck.strategy" -}}
{{- if and .part.persistence.enabled (not .part.persistence.existingClaim) }}
{{- if gt (int .part.replicas) 1 }}
{{- fail (printf "%s.replicas is %d: a claim made by this chart serves one pod. Name one that many pods may write to in %s.persistence.existingClaim, or set %s.persistence.enabled to false." .name (int .part.replicas) .name .name) }}
{{- end }}
strategy: { type: Recreate }
{{- else }}
strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } }
{{- end }}
{{- end -}}
