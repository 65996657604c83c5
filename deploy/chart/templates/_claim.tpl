{{- define "netcheck.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "netcheck.name" .root }}-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "netcheck.labels" (dict "root" .root "part" .name) | nindent 4 }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .part.persistence.storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests: { storage: {{ .part.persistence.size }} }
{{- end -}}
