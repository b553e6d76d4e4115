// What the API has for people and visitors: made from the database's catalogue by provisioning/database/api-types.ts. After a
// migration: npx vitest run provisioning/database/api-types.test.ts --update
export type Database = {
  public: {
    Tables: {
      alert_rule_progress: {
        Row: {
          judged_at: string | null;
          judged_from: string | null;
          problem: string | null;
          rule_id: string;
          skipped_from: string | null;
          skipped_until: string | null;
          suppressed: number;
          suppressed_from: string | null;
          suppressed_until: string | null;
          tenant_id: string;
          tried_at: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      alert_rules: {
        Row: {
          also_comparison: 'above' | 'below' | 'is' | 'is not' | 'contains' | null;
          also_field: string | null;
          also_threshold: number | null;
          also_wanted: string | null;
          comparison: 'above' | 'below' | 'is' | 'is not' | 'contains' | null;
          created_at: string;
          device_id: string | null;
          enabled: boolean;
          field: string | null;
          for_minutes: number | null;
          id: string;
          kind: 'threshold' | 'missing' | 'rate';
          name: string;
          severity: 'info' | 'warning' | 'critical';
          tag: string | null;
          tenant_id: string;
          threshold: number | null;
          updated_at: string;
          wanted: string | null;
          window_minutes: number;
        };
        Insert: {
          also_comparison?: 'above' | 'below' | 'is' | 'is not' | 'contains' | null;
          also_field?: string | null;
          also_threshold?: number | null;
          also_wanted?: string | null;
          comparison?: 'above' | 'below' | 'is' | 'is not' | 'contains' | null;
          device_id?: string | null;
          enabled?: boolean;
          field?: string | null;
          for_minutes?: number | null;
          kind: 'threshold' | 'missing' | 'rate';
          name: string;
          severity?: 'info' | 'warning' | 'critical';
          tag?: string | null;
          tenant_id: string;
          threshold?: number | null;
          wanted?: string | null;
          window_minutes?: number;
        };
        Update: {
          also_comparison?: 'above' | 'below' | 'is' | 'is not' | 'contains' | null;
          also_field?: string | null;
          also_threshold?: number | null;
          also_wanted?: string | null;
          comparison?: 'above' | 'below' | 'is' | 'is not' | 'contains' | null;
          device_id?: string | null;
          enabled?: boolean;
          field?: string | null;
          for_minutes?: number | null;
          kind?: 'threshold' | 'missing' | 'rate';
          name?: string;
          severity?: 'info' | 'warning' | 'critical';
          tag?: string | null;
          threshold?: number | null;
          wanted?: string | null;
          window_minutes?: number;
        };
        Relationships: [];
      };
      alerts: {
        Row: {
          acknowledged_at: string | null;
          acknowledged_by: string | null;
          device_id: string;
          device_ts: string | null;
          id: string;
          last_seen_at: string;
          message: string;
          opened_at: string;
          resolved_at: string | null;
          rule_id: string;
          tenant_id: string;
          value: number | null;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      api_tokens: {
        Row: {
          created_at: string;
          created_by: string | null;
          expires_at: string;
          id: string;
          last_used_at: string | null;
          name: string;
          scopes: string[];
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      archive_links: {
        Row: {
          bytes: number;
          day: string;
          ends_at: string;
          name: string;
          request_id: string;
          rows: number;
          tenant_id: string;
          url: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      archive_requests: {
        Row: {
          asked_at: string;
          ends_at: string | null;
          first_day: string;
          id: string;
          last_day: string;
          made_at: string | null;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      audit_log: {
        Row: {
          action: string;
          actor_email: string | null;
          actor_id: string | null;
          at: string;
          details: unknown;
          id: number;
          subject: string | null;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      dead_letter_counts: {
        Row: {
          hour: string;
          not_kept: number;
          reason: string;
          removed: number;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      dead_letters: {
        Row: {
          content_type: string | null;
          detail: string | null;
          device_id: string | null;
          id: number;
          message_id: string | null;
          payload: string;
          properties: unknown;
          readings: number;
          reason: string;
          received_at: string;
          redrive_requested_at: string | null;
          redriven_as: 'stored' | 'duplicate' | null;
          redriven_at: string | null;
          tenant_id: string | null;
          topic: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      deletions: {
        Row: {
          asked_at: string;
          asked_by: 'owner' | 'person' | 'operator' | 'tenant' | 'auth service';
          counted_at: string | null;
          device_id: string | null;
          due_at: string;
          finished_at: string | null;
          id: string;
          kind: 'tenant' | 'device' | 'person';
          next_at: string;
          position: number;
          problem: string | null;
          removed: number;
          rows_left: number | null;
          stage: string;
          started_at: string | null;
          stepped_at: string | null;
          subject: string | null;
          tenant_id: string | null;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      device_commands: {
        Row: {
          acknowledged_at: string | null;
          bytes: number;
          device_id: string;
          error: string | null;
          expires_at: string;
          handed_at: string | null;
          id: string;
          payload: unknown;
          repeats: boolean;
          requested_at: string;
          requested_by: string | null;
          result: unknown;
          sent_at: string | null;
          state: string;
          tenant_id: string;
          tries: number;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      device_credentials: {
        Row: {
          created_at: string;
          device_id: string;
          id: string;
          revoked_at: string | null;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      device_refusals: {
        Row: {
          device_id: string;
          reason: string;
          refused_at: string;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      device_state: {
        Row: {
          delta: unknown;
          desired: unknown;
          desired_at: string | null;
          desired_version: number;
          device_id: string;
          published_version: number;
          reported: unknown;
          reported_at: string | null;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      device_status: {
        Row: {
          clock_skew: number | null;
          device_id: string;
          fields: unknown;
          gaps: number[];
          last_received_at: string;
          offline_since: string | null;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      devices: {
        Row: {
          created_at: string;
          enabled: boolean;
          id: string;
          name: string;
          name_key: string;
          slug: string;
          tags: string[];
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      field_names: {
        Row: {
          decimals: number | null;
          field: string;
          label: string | null;
          tenant_id: string;
          unit: string | null;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      ingest_ledger: {
        Row: {
          bytes: number;
          duplicate: number;
          latency_ms_max: number;
          latency_ms_sum: number;
          minute: string;
          over_quota: number;
          received: number;
          rejected: number;
          stored: number;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      invitations: {
        Row: {
          accepted_at: string | null;
          created_at: string;
          email: string;
          expires_at: string;
          id: string;
          invited_by: string | null;
          revoked_at: string | null;
          role: 'owner' | 'staff' | 'viewer';
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      memberships: {
        Row: {
          created_at: string;
          email: string;
          role: 'owner' | 'staff' | 'viewer';
          tenant_id: string;
          user_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      notification_channels: {
        Row: {
          confirmed_at: string | null;
          created_at: string;
          destination: string;
          enabled: boolean;
          id: string;
          kind: 'email' | 'webhook' | 'chat';
          language: 'en' | 'id';
          name: string;
          refused_at: string | null;
          sealed_at: string | null;
          template: unknown;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      notification_routes: {
        Row: {
          after_minutes: number;
          channel_id: string;
          created_at: string;
          critical_passes: boolean;
          digest_above: number;
          enabled: boolean;
          id: string;
          quiet_from: string | null;
          quiet_until: string | null;
          repeat_minutes: number | null;
          severities: string[];
          tags: string[];
          tells_resolved: boolean;
          tenant_id: string;
          time_zone: string;
          until: 'acknowledged' | 'resolved';
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      notifications: {
        Row: {
          alert_id: string | null;
          attempted_at: string | null;
          attempts: number;
          channel_id: string;
          content: unknown;
          created_at: string;
          due_at: string;
          error: string | null;
          expires_at: string;
          finished_at: string | null;
          id: string;
          n: number;
          route_id: string | null;
          state: 'waiting' | 'sent' | 'failed' | 'cancelled';
          tenant_id: string;
          transition: 'opened' | 'resolved' | 'escalated' | 'repeated' | 'digest' | 'test' | 'confirmation';
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      question_days: {
        Row: {
          cached: number;
          calls: number;
          day: string;
          micros: number;
          refused: number;
          tenant_id: string;
          tokens: number;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      question_settings: {
        Row: {
          is_on: boolean;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      reading_rules: {
        Row: {
          device_id: string | null;
          repairs_clock: boolean | null;
          repeat_ms: number | null;
          senml: boolean | null;
          tenant_id: string;
          time_members: string[] | null;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      refusals: {
        Row: {
          hour: string;
          reason: string;
          tenant_id: string;
          times: number;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      telemetry: {
        Row: {
          device_id: string;
          message_id: string;
          payload: unknown;
          received_at: string;
          tenant_id: string;
          ts: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      telemetry_rollups: {
        Row: {
          bucket: string;
          device_id: string;
          fields: unknown;
          is_whole: boolean;
          readings: number;
          step: number;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      tenant_limits: {
        Row: {
          burst_minutes: number;
          bytes_per_day: number | null;
          max_age_seconds: number | null;
          max_ahead_seconds: number | null;
          max_alerts_hour: number | null;
          max_channel_hour: number | null;
          max_channels: number | null;
          max_command_bytes: number | null;
          max_commands: number | null;
          max_dead_letter_bytes: number | null;
          max_dead_letters: number | null;
          max_depth: number | null;
          max_device_command_bytes: number | null;
          max_device_commands: number | null;
          max_devices: number | null;
          max_invitations: number | null;
          max_mails_day: number | null;
          max_members: number | null;
          max_payload_bytes: number | null;
          max_routes: number | null;
          max_rules: number | null;
          max_window_minutes: number | null;
          question_cents_day: number | null;
          question_cents_month: number | null;
          question_tokens_day: number | null;
          question_tokens_month: number | null;
          readings_per_day: number | null;
          readings_per_minute: number | null;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      tenants: {
        Row: {
          created_at: string;
          id: string;
          name: string;
          slug: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      usage_days: {
        Row: {
          ai_tokens: number;
          alerts: number;
          bytes: number;
          commands: number;
          day: string;
          letters: number;
          notifications: number;
          over_quota: number;
          readings: number;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
    };
    Views: {
      alert_notifications: {
        Row: {
          alert_id: string;
          failed: number;
          sent: number;
          tenant_id: string;
          waiting: number;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      device_list: {
        Row: {
          created_at: string;
          enabled: boolean;
          id: string;
          last_received_at: string;
          name: string;
          name_key: string;
          slug: string;
          state: string;
          tags: string[];
          tenant_id: string;
          words: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      device_newest: {
        Row: {
          clock_skew: number;
          device_id: string;
          gaps: number[];
          last_received_at: string;
          newest: unknown;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      device_tags: {
        Row: {
          devices: number;
          tag: string;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      ingest_residuals: {
        Row: {
          duplicate: number;
          minute: string;
          over_quota: number;
          received: number;
          rejected: number;
          residual: number;
          stored: number;
          tenant_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
    };
    Functions: {
      accept_invitation: {
        Args: {
          token: string;
        };
        Returns: {
          tenant_id: string;
          slug: string;
          role: 'owner' | 'staff' | 'viewer';
        }[];
      };
      acknowledge_alert: {
        Args: {
          alert_id: string;
        };
        Returns: undefined;
      };
      add_device: {
        Args: {
          tenant_id: string;
          slug: string;
          name: string;
          password_hash: string;
        };
        Returns: string;
      };
      add_notification_channel: {
        Args: {
          tenant_id: string;
          name: string;
          kind: string;
          destination: string;
          sealed?: string;
          template?: unknown;
          language?: 'en' | 'id';
        };
        Returns: string;
      };
      answer_notification_channel: {
        Args: {
          token: string;
          wanted: boolean;
        };
        Returns: string;
      };
      archived_months: {
        Args: {
          tenant_id: string;
        };
        Returns: {
          month: string;
          first_day: string;
          last_day: string;
          days: number;
          rows: number;
          bytes: number;
        }[];
      };
      ask_archive: {
        Args: {
          tenant_id: string;
          first_day: string;
          last_day: string;
        };
        Returns: string;
      };
      change_notification_channel: {
        Args: {
          channel_id: string;
          name?: string;
          enabled?: boolean;
          destination?: string;
          sealed?: string;
          template?: unknown;
          language?: 'en' | 'id';
        };
        Returns: undefined;
      };
      change_role: {
        Args: {
          tenant_id: string;
          user_id: string;
          role: 'owner' | 'staff' | 'viewer';
        };
        Returns: undefined;
      };
      choose_retention: {
        Args: {
          tenant_id: string;
          days: number;
          name?: string;
        };
        Returns: string;
      };
      create_api_token: {
        Args: {
          tenant_id: string;
          name: string;
          scopes: string[];
          days: number;
          sha256: string;
        };
        Returns: string;
      };
      create_invitation: {
        Args: {
          tenant_id: string;
          email: string;
          role: 'owner' | 'staff' | 'viewer';
        };
        Returns: string;
      };
      create_tenant: {
        Args: {
          slug: string;
          name: string;
        };
        Returns: string;
      };
      dead_letters_counted: {
        Args: {
          tenant_id: string;
        };
        Returns: {
          reason: string;
          not_kept: number;
          removed: number;
        }[];
      };
      delete_account: {
        Args: {
          email: string;
        };
        Returns: undefined;
      };
      delete_device: {
        Args: {
          device_id: string;
        };
        Returns: undefined;
      };
      delete_device_data: {
        Args: {
          device_id: string;
          slug: string;
        };
        Returns: undefined;
      };
      delete_devices: {
        Args: {
          tenant_id: string;
          device_ids: string[];
        };
        Returns: number;
      };
      delete_notification_channel: {
        Args: {
          channel_id: string;
        };
        Returns: undefined;
      };
      delete_notification_route: {
        Args: {
          route_id: string;
        };
        Returns: undefined;
      };
      delete_tenant: {
        Args: {
          tenant_id: string;
          name: string;
        };
        Returns: string;
      };
      device_chart: {
        Args: {
          device_id: string;
          field: string;
          since: string;
          until: string;
          buckets?: number;
        };
        Returns: {
          bucket: string;
          minimum: number;
          average: number;
          maximum: number;
          readings: number;
        }[];
      };
      device_ids: {
        Args: {
          tenant_id: string;
          search?: string;
          of_state?: string;
          tag?: string;
        };
        Returns: {
          ids: string[];
        }[];
      };
      discard_dead_letters: {
        Args: {
          tenant_id: string;
          dead_letter_ids?: number[] | null;
          reason?: string | null;
          device_id?: string | null;
          received_since?: string | null;
          received_until?: string | null;
        };
        Returns: number;
      };
      export_readings: {
        Args: {
          device_id: string;
          fields: string[];
          since: string;
          until: string;
          after?: string;
        };
        Returns: {
          ts: string;
          message_id: string;
          cells: string[];
        }[];
      };
      import_devices: {
        Args: {
          tenant_id: string;
          devices: unknown;
        };
        Returns: number;
      };
      ingest_spans: {
        Args: {
          tenant_id: string;
          bars: number;
          minutes: number;
        };
        Returns: {
          at: string;
          begun: number;
          received: number;
          stored: number;
          duplicate: number;
          rejected: number;
          over_quota: number;
          latency_ms_avg: number | null;
          latency_ms_max: number | null;
        }[];
      };
      ingest_status: {
        Args: {
          tenant_id: string;
        };
        Returns: {
          last_run_at: string | null;
          last_row_at: string | null;
          telemetry_rows_estimate: number;
          workers: number;
        }[];
      };
      invitation_facts: {
        Args: {
          token: string;
        };
        Returns: {
          tenant: string;
          inviter: string | null;
          role: 'owner' | 'staff' | 'viewer';
        }[];
      };
      keep_tenant: {
        Args: {
          tenant_id: string;
        };
        Returns: undefined;
      };
      limits_in_use: {
        Args: {
          tenant_id: string;
        };
        Returns: {
          name: string;
          most: number | null;
          used: number | null;
          until: string | null;
        }[];
      };
      maintenance: {
        Args: never;
        Returns: {
          reason: string;
          ends_at: string;
        }[];
      };
      my_tenants: {
        Args: never;
        Returns: {
          tenant_id: string;
          slug: string;
          name: string;
          role: 'owner' | 'staff' | 'viewer';
        }[];
      };
      notification_sender: {
        Args: never;
        Returns: {
          key_id: string;
          public_key: string;
          mail_from: string | null;
          seen_at: string;
        }[];
      };
      question_facts: {
        Args: {
          kind: string;
          subject_id: string;
        };
        Returns: unknown;
      };
      question_offer: {
        Args: {
          tenant_id?: string;
        };
        Returns: {
          provider: string;
          models: string[];
          prices_from: string;
          tokens_day: number;
          tokens_month: number;
          micros_day: number;
          micros_month: number;
        }[];
      };
      read_alerts: {
        Args: {
          since?: string;
          until?: string;
          after?: string;
        };
        Returns: {
          id: string;
          device: string;
          rule: string;
          severity: 'info' | 'warning' | 'critical';
          message: string;
          value: number;
          opened_at: string;
          acknowledged_at: string;
          resolved_at: string;
        }[];
      };
      read_devices: {
        Args: {
          after?: string;
        };
        Returns: {
          device: string;
          name: string;
          enabled: boolean;
          created_at: string;
          last_received_at: string;
        }[];
      };
      read_only: {
        Args: never;
        Returns: boolean;
      };
      read_readings: {
        Args: {
          device: string;
          since?: string;
          until?: string;
          after?: string;
        };
        Returns: {
          ts: string;
          message_id: string;
          received_at: string;
          payload: unknown;
        }[];
      };
      read_token: {
        Args: never;
        Returns: {
          tenant: string;
          name: string;
          scopes: string[];
          expires_at: string;
        }[];
      };
      remove_member: {
        Args: {
          tenant_id: string;
          user_id: string;
        };
        Returns: undefined;
      };
      rename_device: {
        Args: {
          device_id: string;
          name: string;
        };
        Returns: undefined;
      };
      rename_tenant: {
        Args: {
          tenant_id: string;
          name: string;
        };
        Returns: undefined;
      };
      request_redrive: {
        Args: {
          dead_letter_ids: number[];
        };
        Returns: number;
      };
      revoke_api_token: {
        Args: {
          token_id: string;
        };
        Returns: undefined;
      };
      revoke_invitation: {
        Args: {
          invitation_id: string;
        };
        Returns: undefined;
      };
      rotate_device: {
        Args: {
          device_id: string;
          password_hash: string;
        };
        Returns: undefined;
      };
      send_command: {
        Args: {
          device_id: string;
          payload: unknown;
          expires_seconds?: number;
        };
        Returns: string;
      };
      send_confirmation_again: {
        Args: {
          channel_id: string;
        };
        Returns: undefined;
      };
      send_test_notification: {
        Args: {
          channel_id: string;
        };
        Returns: string;
      };
      set_desired_state: {
        Args: {
          device_id: string;
          desired: unknown;
        };
        Returns: number;
      };
      set_device_enabled: {
        Args: {
          device_id: string;
          enabled: boolean;
        };
        Returns: undefined;
      };
      set_devices_enabled: {
        Args: {
          tenant_id: string;
          device_ids: string[];
          enabled: boolean;
        };
        Returns: number;
      };
      set_field_name: {
        Args: {
          tenant_id: string;
          field: string;
          label?: string;
          unit?: string;
          decimals?: number;
        };
        Returns: undefined;
      };
      set_notification_route: {
        Args: {
          channel_id: string;
          severities: string[];
          route_id?: string;
          after_minutes?: number;
          repeat_minutes?: number | null;
          until?: 'acknowledged' | 'resolved';
          tells_resolved?: boolean;
          quiet_from?: string | null;
          quiet_until?: string | null;
          time_zone?: string;
          critical_passes?: boolean;
          digest_above?: number;
          enabled?: boolean;
          tags?: string[];
        };
        Returns: string;
      };
      set_questions: {
        Args: {
          tenant_id: string;
          is_on: boolean;
        };
        Returns: undefined;
      };
      set_reading_rules: {
        Args: {
          tenant_id: string;
          device_id?: string;
          time_members?: string[];
          senml?: boolean;
          repairs_clock?: boolean;
          repeat_ms?: number;
        };
        Returns: undefined;
      };
      tag_devices: {
        Args: {
          tenant_id: string;
          device_ids: string[];
          added?: string[];
          removed?: string[];
        };
        Returns: number;
      };
      take_my_address: {
        Args: never;
        Returns: undefined;
      };
      tenant_retention: {
        Args: {
          tenant_id: string;
        };
        Returns: {
          days: number;
          most: number;
          next_days: number;
          next_since: string;
          archived: boolean;
        }[];
      };
      tenants_left: {
        Args: never;
        Returns: number;
      };
      try_alert_rule: {
        Args: {
          tenant_id: string;
          kind: string;
          device_id: string | null;
          field: string | null;
          comparison: 'above' | 'below' | 'is' | 'is not' | 'contains' | null;
          threshold: number | null;
          window_minutes: number;
          hours: number;
          tag?: string;
          wanted?: string;
          for_minutes?: number;
          also_field?: string;
          also_comparison?: 'above' | 'below' | 'is' | 'is not' | 'contains';
          also_threshold?: number;
          also_wanted?: string;
        };
        Returns: {
          firings: number;
          devices: number;
          by_hour: number[];
          newest: unknown;
          looked_from: string;
        }[];
      };
      try_retention: {
        Args: {
          tenant_id: string;
          days: number;
        };
        Returns: {
          since: string;
          first_day: string;
          readings: number;
        }[];
      };
    };
  };
};
